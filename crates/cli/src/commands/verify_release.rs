//! `smidgen verify FOLDER`: restores every package of a release, and finds what else is in its folder.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use smidgen_diff::Escaped;
use smidgen_diff::release::{Checked, Manifest, ReleaseFile, Replay, Replayed, ReplayedPackage, Source};

use crate::arguments::VerifyArguments;
use crate::io::containers::Processes;
use crate::io::{images_in, mapped, named_sources};
use crate::report::{Console, Failure, Object, Reason, object};

pub(crate) fn verify_release(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    let (folder, keys) = (&arguments.base, arguments.signers.keys()?);
    let file = arguments.package.as_deref().map(ReleaseFile::read).transpose()?.unwrap_or_default();
    let sources = sources(arguments, &file, console)?;
    let secrets = arguments.decryption.keys(console)?;
    let given = arguments.device()?;
    let device = given.as_ref().or(file.device.as_ref());
    let replay = Replay::default().with_sources(&sources).with_keys(&keys).with_secrets(&secrets);
    let replayed = replay.with_streams(&Processes).with_device(device).run(folder)?;
    for version in &replayed.surplus {
        console.say(format_args!("warning: the release has no version {}", Escaped(version)));
    }
    for name in &replayed.others {
        console.say(format_args!("note: {} is not in the manifest, and no package", Escaped(name)));
    }
    match fault(&replayed) {
        None => console.print_result(|| fields(&replayed), || table(&replayed)),
        Some(failure) => Err(console.found(failure.about(folder), || fields(&replayed), || table(&replayed))),
    }
}

/// The images of release file and options; options come first.
fn sources(
    arguments: &VerifyArguments,
    file: &ReleaseFile,
    console: &Console,
) -> Result<Vec<Source>, Failure> {
    let reading = arguments.reading.over(file);
    // A manifest that cannot be read is reported by the replay.
    let product = Manifest::read(&arguments.base).ok().and_then(|manifest| manifest.product);
    let mut named = Vec::new();
    for from in &arguments.from {
        named.extend(named_sources(from, product.as_deref(), &reading, console)?.images);
    }
    let mut versions = BTreeSet::new();
    if let Some((version, _)) = named.iter().find(|(version, _)| !versions.insert(version.clone())) {
        let message = format!("the source version \"{}\" is given twice", Escaped(version));
        return Err(Failure::usage(message).note("name each version once with --from"));
    }
    let in_folder = file.from_folder.as_deref().map(|folder| images_in(folder, product.as_deref(), console));
    let of_file = file.from.clone().into_iter().chain(in_folder.transpose()?.unwrap_or_default().images);
    named.extend(of_file.filter(|(version, _)| versions.insert(version.clone())));
    Ok(named.into_iter().map(|(version, path)| Source::new(version, mapped(path, &reading))).collect())
}

/// Bad packages, and others than the release's, come before those that were not checked.
fn fault(replayed: &Replayed) -> Option<Failure> {
    let all = replayed.packages.len();
    let (bad, unchecked, strays) = (replayed.bad(), replayed.unchecked(), replayed.strays.len());
    if bad > 0 {
        return Some(Failure::package(format!("{bad} of {all} packages failed")).note(
            "do not deliver the release: give the right --from, --public-key and --device, or pack it anew",
        ));
    }
    if strays > 0 {
        return Some(
            Failure::package(format!("{strays} files are not in the manifest"))
                .note("do not deliver them: remove what is of another release"),
        );
    }
    (unchecked > 0).then(|| {
        Failure::new(Reason::NotChecked, format!("{unchecked} of {all} packages were not checked"))
            .note("give what is missing, or the release file: smidgen verify FOLDER RELEASE")
    })
}

fn fields(replayed: &Replayed) -> Object {
    let good = replayed.bad() + replayed.unchecked() + replayed.strays.len() == 0;
    object(json!({
        "ok": good,
        "packages": replayed.packages.iter().map(entry).collect::<Vec<Value>>(),
        "strays": replayed.strays,
        "others": replayed.others,
        "surplus_versions": replayed.surplus,
    }))
}

fn entry(replayed: &ReplayedPackage) -> Value {
    let package = &replayed.package;
    json!({
        "file": package.file,
        "source_versions": package.source_versions,
        "size": package.size,
        "ok": replayed.result == Checked::Good,
        "status": match replayed.result {
            Checked::Bad(_) => "bad",
            Checked::Unchecked(_) => "not-checked",
            _ => "ok",
        },
        "fault": replayed.fault(),
    })
}

fn table(replayed: &Replayed) -> String {
    let width = replayed.packages.iter().map(|one| one.package.file.len()).max().unwrap_or_default();
    let line = |one: &ReplayedPackage| {
        let (file, size) = (&one.package.file, one.package.size);
        let result = match &one.result {
            Checked::Bad(fault) => format!("BAD: {}", Escaped(fault)),
            Checked::Unchecked(reason) => format!("NOT CHECKED: {}", Escaped(reason)),
            _ => "OK".to_owned(),
        };
        format!("{file:width$}  {size:>10} bytes  {result}")
    };
    let strays = replayed.strays.iter().map(|name| format!("{}  STRAY: not in the manifest", Escaped(name)));
    replayed.packages.iter().map(line).chain(strays).collect::<Vec<_>>().join("\n")
}

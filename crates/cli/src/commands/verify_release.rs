//! `smidgen verify FOLDER`: restores every package of a release, and finds what else is in its folder.

use std::path::Path;

use serde_json::{Value, json};
use smidgen_diff::input::Reading;
use smidgen_diff::release::{
    Checked, DecryptionKey, ImageSearch, KeyKind, Manifest, PackageEntry, ReleaseFile, Replay, Replayed,
    ReplayedPackage, Source,
};
use smidgen_diff::{Escaped, Identity};

use crate::arguments::{VerifyArguments, shared_key};
use crate::io::containers::Files;
use crate::io::{Field, Image, mapped, release_file};
use crate::report::{Console, Failure, Object, Reason, hex, json, object, sha256, shown};

pub(crate) fn verify_release(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    let (folder, keys) = (&arguments.base, arguments.signers.keys()?);
    let file = release_file(arguments.package.as_deref())?;
    let manifest = Manifest::read(folder)?;
    let reading = arguments.reading.over(&file);
    let search = ImageSearch::default()
        .with_product(manifest.product.as_deref())
        .with_reading(reading.clone())
        .with_target(Some((&manifest.version, manifest.target.sha256.clone())));
    let Field { images, stated, .. } = Field::new(&arguments.from, &file, &search, console)?;
    let images = images.into_iter().map(|(version, path)| Source::new(version, mapped(path, &reading)));
    let images: Vec<Source> = images.collect();
    let secrets = secrets(arguments, &file, &manifest, console)?;
    let given = arguments.device()?;
    let device = given.as_ref().or(file.device.as_ref());
    let replay = Replay::default().with_sources(&images).with_keys(&keys).with_secrets(&secrets);
    let replayed = replay.with_streams(&Files).with_device(device).run(folder)?;
    let (missing, surplus): (Vec<&String>, Vec<_>) =
        replayed.surplus.iter().partition(|version| stated.contains(*version));
    for version in surplus {
        console.say(format_args!("warning: the release has no version {}", Escaped(version)));
    }
    for name in &replayed.others {
        console.say(format_args!("note: {} is not in the manifest, and no package", Escaped(name)));
    }
    let other = match &arguments.package {
        Some(path) => other_release(&manifest, &file, path, &reading, &missing)?,
        None => None,
    };
    let fields = |is_good| fields(&replayed, is_good, !keys.is_empty());
    match other.or_else(|| fault(&replayed)) {
        None => {
            if keys.is_empty() && replayed.packages.iter().any(|one| !one.package.keys.is_empty()) {
                console.say(
                    "note: the release is signed, but its signatures are not checked: give --public-key",
                );
            }
            console.print_result(|| fields(true), || table(&replayed))
        }
        Some(failure) => Err(console.found(failure.about(folder), || fields(false), || table(&replayed))),
    }
}

/// The failure if the release is not the one that the release file at `path` describes; what the file does not state is
/// not compared. `missing` are its versions that the release does not have.
fn other_release(
    manifest: &Manifest,
    file: &ReleaseFile,
    path: &Path,
    reading: &Reading,
    missing: &[&String],
) -> Result<Option<Failure>, Failure> {
    let mut stated = Identity::default();
    file.apply(&mut stated);
    let mut differences: Vec<String> =
        missing.iter().map(|version| format!("it has no version {}", Escaped(version))).collect();
    if let Some(to) = &file.to {
        let image = Image::open(to, reading)?;
        if hex(&sha256(&image)) != manifest.target.sha256 {
            differences.push(format!("its target is not {}", shown(to)));
        }
    }
    let counter = |counter: Option<u32>| counter.map(|counter| counter.to_string());
    for (what, stated, has) in [
        ("version", stated.version, Some(manifest.version.clone())),
        ("product", stated.product, manifest.product.clone()),
        ("module", stated.module, Some(manifest.module.clone())),
        ("rollback counter", counter(stated.rollback_counter), counter(manifest.rollback_counter)),
    ] {
        if let Some(stated) = stated.filter(|stated| Some(stated) != has.as_ref()) {
            let has = has.as_deref().unwrap_or("none");
            differences.push(format!("its {what} is {}, not {}", Escaped(has), Escaped(&stated)));
        }
    }
    let is_stated = |names: &[&str]| names.iter().any(|name| !file.values(name).is_empty());
    if is_stated(&["encrypt", "seal-to", "seal-command"])
        && manifest.packages.iter().any(|package| package.encryption.is_none())
    {
        differences.push("it is not encrypted".to_owned());
    }
    if is_stated(&["key", "sign-command"]) && manifest.packages.iter().any(|package| package.keys.is_empty())
    {
        differences.push("it is not signed".to_owned());
    }
    if differences.is_empty() {
        return Ok(None);
    }
    let message = format!("the release is not the one of {}: {}", shown(path), differences.join("; "));
    Ok(Some(Failure::package(message).note("give its own release file, or pack it anew")))
}

/// The keys that decrypt packages: those of `--decrypt`, else the shared key that the release file names, if the release is
/// encrypted for one.
fn secrets(
    arguments: &VerifyArguments,
    file: &ReleaseFile,
    manifest: &Manifest,
    console: &Console,
) -> Result<Vec<DecryptionKey>, Failure> {
    let is_shared = |package: &PackageEntry| {
        package.encryption.as_ref().is_some_and(|encryption| encryption.kind == KeyKind::Shared)
    };
    if arguments.decryption.is_given() || !manifest.packages.iter().any(is_shared) {
        return arguments.decryption.keys(console);
    }
    shared_key(file, console)
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

/// `has_keys`: whether signatures were checked.
fn fields(replayed: &Replayed, is_good: bool, has_keys: bool) -> Object {
    let entries = replayed.packages.iter().map(|package| entry(package, has_keys));
    object(json!({
        "ok": is_good,
        "packages": entries.collect::<Vec<Value>>(),
        "strays": replayed.strays,
        "others": replayed.others,
        "surplus_versions": replayed.surplus,
    }))
}

fn entry(replayed: &ReplayedPackage, has_keys: bool) -> Value {
    let package = &replayed.package;
    let signature = match &replayed.result {
        // The signature may be what is wrong.
        Checked::Bad(_) if has_keys => Value::Null,
        _ => json::signature(!package.keys.is_empty(), has_keys),
    };
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
        "signature": signature,
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

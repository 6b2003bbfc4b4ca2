//! `smidgen verify FOLDER`: restores every package of a release.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use smidgen_diff::Escaped;
use smidgen_diff::release::{PublicKey, Replay, Replayed, Source};

use crate::arguments::VerifyArguments;
use crate::io::secrets::public_key;
use crate::io::{containers, mapped, named_sources};
use crate::report::{Console, Failure, Object, object};

pub(crate) fn verify_release(arguments: &VerifyArguments, console: &Console) -> Result<(), Failure> {
    let (folder, keys) = (&arguments.base, public_keys(arguments)?);
    let (mut sources, reading) = (Vec::new(), arguments.reading.value());
    for from in &arguments.from {
        let named = named_sources(from, &reading, console)?;
        sources.extend(named.into_iter().map(|(version, path)| Source::new(version, mapped(path, &reading))));
    }
    let mut versions = BTreeSet::new();
    if let Some(Source { version, .. }) = sources.iter().find(|source| !versions.insert(&source.version)) {
        let message = format!("the source version \"{}\" is given twice", Escaped(version));
        return Err(Failure::usage(message).note("name each version once with --from"));
    }
    let secrets = arguments.decryption.keys(console)?;
    let replay = Replay::default().with_sources(&sources).with_keys(&keys).with_secrets(&secrets);
    let replayed =
        replay.with_containers(Some(&|base, container, target| containers::restore(base, container, target)));
    let replayed = replayed.run(folder)?;
    let bad = replayed.iter().filter(|one| one.fault.is_some()).count();
    if bad == 0 {
        return console.print_result(|| fields(&replayed), || table(&replayed));
    }
    if !console.is_json() && !console.is_quiet() {
        console.print(table(&replayed))?;
    }
    let all = replayed.len();
    Err(Failure::package(format!("{bad} of {all} packages failed"))
        .about(folder)
        .note(
            "do not deliver the release: give the right --from, --decrypt and --public-key, or pack it anew",
        )
        .with_result(fields(&replayed)))
}

pub(super) fn public_keys(arguments: &VerifyArguments) -> Result<Vec<PublicKey>, Failure> {
    arguments.public_key.iter().map(|path| public_key(path, PublicKey::from_pem)).collect()
}

fn fields(replayed: &[Replayed]) -> Object {
    let ok = replayed.iter().all(|one| one.fault.is_none());
    object(json!({ "ok": ok, "packages": replayed.iter().map(entry).collect::<Vec<Value>>() }))
}

fn entry(replayed: &Replayed) -> Value {
    let package = &replayed.package;
    json!({
        "file": package.file,
        "source_versions": package.source_versions,
        "size": package.size,
        "ok": replayed.fault.is_none(),
        "fault": replayed.fault,
    })
}

fn table(replayed: &[Replayed]) -> String {
    let width = replayed.iter().map(|one| one.package.file.len()).max().unwrap_or_default();
    let line = |one: &Replayed| {
        let (file, size) = (&one.package.file, one.package.size);
        let bad = |fault| format!("BAD: {}", Escaped(fault));
        let result = one.fault.as_ref().map_or_else(|| "OK".to_owned(), bad);
        format!("{file:width$}  {size:>10} bytes  {result}")
    };
    replayed.iter().map(line).collect::<Vec<_>>().join("\n")
}

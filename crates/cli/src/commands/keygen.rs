//! `smidgen keygen`: makes a key that signs, encrypts or decrypts packages.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use smidgen_diff::release::{DeviceSecret, KeyError, SecretKey, SharedSecret};

use crate::arguments::{KeyKind, KeygenArguments, PublicForm};
use crate::io::secrets::{PassphraseFile, passphrase};
use crate::report::{Console, Failure, Reason, hex, is_standard_stream, object, shown};

/// A new key: the contents of its files, and its description.
struct Made {
    secret: String,
    public: Option<PublicForms>,
    algorithm: &'static str,
    name: String,
    /// The secret bytes, for the production of devices.
    raw: Option<[u8; 32]>,
}

/// A public key in the forms that programs and people take.
struct PublicForms {
    pem: String,
    hex: String,
    rust: String,
    c: String,
}

pub(crate) fn keygen(arguments: &KeygenArguments, console: &Console) -> Result<(), Failure> {
    refuse_foreign_options(arguments)?;
    let passphrase = passphrase(PassphraseFile::named(arguments.passphrase_file.as_deref()), console)?;
    let made = make(arguments.kind, &passphrase).map_err(failed)?;
    write_all(arguments, &made)?;
    let Made { algorithm, name, public, .. } = made;
    if console.is_json() {
        let public = public
            .map(|PublicForms { pem, hex, rust, c }| json!({ "pem": pem, "hex": hex, "rust": rust, "c": c }));
        return console
            .print_json(|| object(json!({ "algorithm": algorithm, "key": name, "public_key": public })));
    }
    console.say(format_args!("key      {name}, {algorithm}; keep {} secret", shown(&arguments.secret)));
    // Devices have the public keys that check signatures; of their own ones, only the build machine needs the public part.
    let default = (arguments.kind == KeyKind::Ed25519).then_some(PublicForm::Rust);
    match (public, arguments.print.or(default)) {
        (Some(public), Some(form)) => console.print(public.form(form).trim_end()),
        _ => Ok(()),
    }
}

fn refuse_foreign_options(arguments: &KeygenArguments) -> Result<(), Failure> {
    let is_shared = arguments.kind == KeyKind::Shared;
    if is_shared && (arguments.public.is_some() || arguments.print.is_some()) {
        return Err(Failure::usage("a shared key has no public key")
            .note("give the file of the secret key only, and leave out --print"));
    }
    if arguments.kind == KeyKind::Ed25519 && arguments.raw.is_some() {
        let message = "a key that signs has no raw form: devices need no secret key to check signatures";
        return Err(Failure::usage(message).note("leave out --raw"));
    }
    let files = [Some(&arguments.secret), arguments.public.as_ref(), arguments.raw.as_ref()];
    if files.into_iter().flatten().any(|path| is_standard_stream(path)) {
        return Err(Failure::usage("keys are written to files, not to standard output")
            .note("name a file (one called \"-\" is \"./-\"); --print prints the public key"));
    }
    Ok(())
}

impl PublicForms {
    /// `rust_type` is the type of the constant, which its bytes are given to.
    fn new(pem: String, bytes: &[u8], rust_type: Option<&str>) -> Self {
        let list = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect::<Vec<_>>().join(", ");
        let length = bytes.len();
        let rust = match rust_type {
            Some(name) => format!("const KEY: {name} = {name}([{list}]);"),
            None => format!("const KEY: [u8; {length}] = [{list}];"),
        };
        let c = format!("static const uint8_t KEY[{length}] = {{{list}}};");
        Self { pem, hex: hex(bytes), rust, c }
    }

    fn form(&self, form: PublicForm) -> &str {
        match form {
            PublicForm::Rust => &self.rust,
            PublicForm::C => &self.c,
            PublicForm::Hex => &self.hex,
            PublicForm::Pem => &self.pem,
        }
    }
}

/// Writes all files or none: a secret key is useless without its public key.
fn write_all(arguments: &KeygenArguments, made: &Made) -> Result<(), Failure> {
    let mut files = vec![(arguments.secret.as_path(), made.secret.as_bytes(), true)];
    if let (Some(path), Some(public)) = (&arguments.public, &made.public) {
        files.push((path, public.pem.as_bytes(), false));
    }
    if let (Some(path), Some(raw)) = (&arguments.raw, &made.raw) {
        files.push((path, raw, true));
    }
    for (index, &(path, bytes, secret)) in files.iter().enumerate() {
        if let Err(failure) = write_new(path, bytes, secret) {
            files[..index].iter().for_each(|(path, ..)| drop(fs::remove_file(path)));
            return Err(failure);
        }
    }
    Ok(())
}

fn make(kind: KeyKind, passphrase: &str) -> Result<Made, KeyError> {
    Ok(match kind {
        KeyKind::Ed25519 => {
            let key = SecretKey::generate()?;
            let public = key.public_key();
            let (secret, name) = (key.to_pem(passphrase)?, public.name());
            let public = PublicForms::new(key.public_pem(), public.bytes(), Some("Ed25519Key"));
            Made { secret, public: Some(public), algorithm: "Ed25519", name, raw: None }
        }
        KeyKind::Shared => {
            let key = SharedSecret::generate()?;
            let (secret, name) = (key.to_pem(passphrase)?, hex(&key.key_name()));
            let raw = Some(*key.bytes());
            Made { secret, public: None, algorithm: "shared", name, raw }
        }
        KeyKind::X25519 => {
            let key = DeviceSecret::generate()?;
            let (secret, public) = (key.to_pem(passphrase)?, key.public());
            let (name, public) =
                (hex(&public.key_name()), Some(PublicForms::new(public.to_pem(), &public.0, None)));
            Made { secret, public, algorithm: "X25519", name, raw: Some(*key.bytes()) }
        }
    })
}

fn failed(error: KeyError) -> Failure {
    match error {
        KeyError::EmptyPassphrase => Failure::usage(error.to_string()),
        error => Failure::other(error.to_string()),
    }
}

/// Writes a new file, whole or not at all. A secret one is readable for its owner only from the moment that it exists.
fn write_new(path: &Path, bytes: &[u8], secret: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(Reason::Exists, "exists, and is not overwritten")
            .about(path)
            .note("a key that devices have would be lost: give another name"),
        _ => Failure::file(path, Reason::Write, &error),
    };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut part = tempfile::Builder::new();
    let part = part.prefix(".smidgen-").suffix(".part");
    let made = part.make_in(folder.unwrap_or(Path::new(".")), |path| options.open(path));
    let mut part = made.map_err(failed)?;
    let file = part.as_file_mut();
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    part.persist_noclobber(path).map(drop).map_err(|error| failed(error.error))
}

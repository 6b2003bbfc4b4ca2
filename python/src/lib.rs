//! The engine and the decoder behind the Python package `smidgen`: bytes in, bytes out; `smidgen/_api.py` has what people call.

mod given;
mod watch;

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use smidgen_diff::input::{Flat, Reading, read, read_named};
use smidgen_diff::release::internals::hex;
use smidgen_diff::release::{PublicKey, check_signature, encryption_of, key_names};
use smidgen_diff::{Device, FlashOptions, Identity, Options, Restore, RestoreError};
use smidgen_patch::header::Text;
use smidgen_patch::{Error, Header};

use given::Given;
use watch::{Callback, Restored, watched};

/// Why something cannot be done.
struct Failure {
    message: String,
    /// The decoder's number, if it is an error of the decoder.
    number: Option<u8>,
}

impl Failure {
    fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), number: None }
    }

    fn decoder(error: Error) -> Self {
        Self { message: error.to_string(), number: Some(error.number()) }
    }
}

impl From<Failure> for PyErr {
    /// As `smidgen.Error`.
    fn from(failure: Failure) -> Self {
        Python::attach(|py| {
            let class = py.import("smidgen._errors").and_then(|module| module.getattr("Error"));
            class
                .and_then(|class| class.call1((failure.message, failure.number)))
                .map_or_else(|error| error, PyErr::from_value)
        })
    }
}

/// Makes a package.
#[pyfunction]
fn diff<'py>(
    py: Python<'py>,
    base: &[u8],
    base_name: Option<&str>,
    target: &[u8],
    target_name: Option<&str>,
    options: Vec<(String, String)>,
    device: Option<PathBuf>,
    threads: usize,
    progress: Option<Callback>,
) -> PyResult<Bound<'py, PyBytes>> {
    let package = watched(py, progress, |watch| {
        let mut given = Given(options);
        let reading: Reading = given.take(Reading::default())?;
        let (base, target) = (flat(base, base_name, &reading)?, flat(target, target_name, &reading)?);
        if target.bytes.is_empty() {
            return Err(Failure::new("the new image is empty: check the build that wrote it"));
        }
        let options = options_of(given, device.as_deref(), &base, &target)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Failure::new)?;
        pool.install(|| smidgen_diff::diff(&base.bytes, &target.bytes, &options, watch)).map_err(Failure::new)
    })??;
    Ok(PyBytes::new(py, &package.bytes))
}

/// The options that are given, else those of the device.
fn options_of(
    mut given: Given,
    device: Option<&Path>,
    base: &Flat,
    target: &Flat,
) -> Result<Options, Failure> {
    let mut options = Options::default();
    let device = device.map(Device::read).transpose().map_err(Failure::new)?;
    if let Some(device) = &device {
        device.apply(&mut options).map_err(Failure::new)?;
    }
    let flash = given.take(device.as_ref().map_or_else(FlashOptions::default, FlashOptions::of))?;
    options.in_place = flash.in_place().map_err(Failure::new)?;
    // Some builds never change the version: if both images state the same one, it says nothing.
    let stated = |image: &Flat| image.record.as_ref().and_then(|record| record.version.clone());
    let own = stated(target).filter(|own| stated(base).as_ref() != Some(own));
    let identity: Identity = given.take(options.identity.clone())?;
    let version = identity.version.clone().or(own);
    options = given.take(options)?.with_identity(identity.with_version(version));
    given.end()?;
    Ok(options.with_inputs([&base.record, &target.record].into_iter().flatten()))
}

/// Restores an image.
#[pyfunction]
fn patch<'py>(
    py: Python<'py>,
    base: &[u8],
    base_name: Option<&str>,
    package: &[u8],
    public_keys: Vec<String>,
    progress: Option<Callback>,
) -> PyResult<Bound<'py, PyBytes>> {
    let image = watched(py, progress, |watch| {
        let keys: Result<Vec<_>, _> = public_keys.iter().map(|pem| PublicKey::from_pem(pem)).collect();
        let keys = keys.map_err(Failure::new)?;
        if !keys.is_empty() {
            check_signature(package, &keys).map_err(Failure::decoder)?;
        }
        let base = flat(base, base_name, &Reading::default())?;
        let mut target = Restored::new(watch);
        Restore::default().restore(&base.bytes, package, &mut target).map_err(|error| match error {
            RestoreError::Target(error) => Failure::decoder(error),
            error => Failure::new(error),
        })?;
        Ok::<_, Failure>(target.bytes)
    })??;
    Ok(PyBytes::new(py, &image))
}

/// What a package says of itself, as JSON: the members are those of `smidgen.Info`.
#[pyfunction]
fn info(package: &[u8]) -> PyResult<String> {
    let (header, extensions, _) = Header::parse_extended(package).map_err(Failure::decoder)?;
    let fields = json!({
        "package_size": package.len(),
        "codec": header.codec.name(),
        "ram": header.ram,
        "base_size": header.base_size,
        "base_sha256_prefix": (header.base_size > 0).then(|| hex(&header.base_digest)),
        "target_size": header.target_size,
        "target_sha256": hex(&header.target_digest),
        "product": extensions.product.map(Text::as_str),
        "module": extensions.module.map(Text::as_str),
        "to_version": extensions.version.map(Text::as_str),
        "rollback_counter": extensions.rollback_counter,
        "in_place": extensions.in_place.is_some(),
        "encrypted": encryption_of(package).map_err(Failure::decoder)?.is_some(),
        "keys": key_names(package).map_err(Failure::decoder)?,
    });
    Ok(fields.to_string())
}

/// The bytes that the device flashes of a file of any format.
#[pyfunction]
fn flatten<'py>(py: Python<'py>, image: &[u8], name: Option<&str>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &flat(image, name, &Reading::default())?.bytes))
}

/// Whether a device can restore a package.
#[pyfunction]
fn check_device(package: &[u8], device: PathBuf) -> PyResult<()> {
    let device = Device::read(&device).map_err(Failure::new)?;
    device.check_package(package).map_err(Failure::new)?;
    Ok(())
}

fn flat<'f>(file: &'f [u8], name: Option<&str>, reading: &Reading) -> Result<Flat<'f>, Failure> {
    match name {
        Some(name) => read_named(file, Path::new(name), reading)
            .map_err(|error| Failure::new(format!("{name}: {error}"))),
        None => read(file, reading).map_err(Failure::new),
    }
}

/// Work that ended by a panic, which is a mistake of ours.
fn mistake() -> PyErr {
    PyRuntimeError::new_err(
        "smidgen has made a mistake: please report it, with what was printed on standard error",
    )
}

#[pymodule]
mod _smidgen {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::{check_device, diff, flatten, info, patch};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

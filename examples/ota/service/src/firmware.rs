//! Firmware as it is uploaded, and the rules for that.

use serde_json::Value;

use crate::Refusal;

/// Which of the firmwares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareId(pub(crate) usize);

/// The most firmwares of an account.
pub(crate) const FIRMWARES: usize = 500;
/// The most bytes of a file: 1,000 MB.
const FILE: u64 = 1_000_000_000;

/// One file that leads to one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Firmware {
    pub name: String,
    pub kind: Kind,
    /// The version that devices report afterwards.
    pub version: String,
    pub module: String,
    pub url: String,
    pub size: u64,
    /// `MD5` or `SHA256`, and the digest.
    pub sign_method: String,
    pub sign: String,
    /// Text for the device.
    pub user_data: String,
    /// Whether test devices have been upgraded with it.
    pub(crate) verified: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Full,
    /// For devices with these versions.
    Differential(Vec<String>),
}

impl Firmware {
    /// From the parameters of `CreateOTAFirmware`, as `smidgen manifest --ota-message` prints them.
    pub(crate) fn new(call: &Value, product: &str) -> Result<Self, Refusal> {
        let text = |member: &'static str| call[member].as_str().ok_or(Refusal::Call(member));
        let kind = match call["Type"].as_u64() {
            Some(0) => Kind::Full,
            Some(1) => Kind::Differential(vec![text("SrcVersion")?.to_owned()]),
            _ => return Err(Refusal::Call("Type")),
        };
        let firmware = Self {
            name: text("FirmwareName")?.to_owned(),
            version: text("DestVersion")?.to_owned(),
            module: text("ModuleName").unwrap_or("default").to_owned(),
            url: text("FirmwareUrl")?.to_owned(),
            size: call["FirmwareSize"].as_u64().ok_or(Refusal::Call("FirmwareSize"))?,
            sign_method: text("SignMethod")?.to_owned(),
            sign: text("FirmwareSign")?.to_owned(),
            user_data: text("Udi").unwrap_or_default().to_owned(),
            kind,
            verified: false,
        };
        if text("ProductKey")? != product {
            return Err(Refusal::OtherProduct);
        }
        firmware.check(text("FirmwareDesc").unwrap_or_default())?;
        Ok(firmware)
    }

    fn check(&self, description: &str) -> Result<(), Refusal> {
        let word = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        let mut versions = vec![&self.version];
        if let Kind::Differential(sources) = &self.kind {
            versions.extend(sources);
            require(!sources.contains(&self.version), Refusal::Version)?;
        }
        // An address has more after the file's name: who may download it, and until when.
        let file = self.url.split('?').next().unwrap_or_default();
        let endings = [".bin", ".tar", ".gz", ".zip", ".gzip"];
        require((1..=40).contains(&self.name.chars().count()), Refusal::FirmwareName)?;
        require(versions.iter().all(|version| word(version)), Refusal::Version)?;
        require(word(&self.module), Refusal::Module)?;
        require(description.chars().count() <= 100, Refusal::Description)?;
        require((1..=FILE).contains(&self.size), Refusal::FileSize)?;
        require(endings.iter().any(|ending| file.ends_with(ending)), Refusal::FileName)?;
        require(matches!(self.sign_method.as_str(), "MD5" | "SHA256"), Refusal::Call("SignMethod"))
    }
}

pub(crate) fn require(holds: bool, otherwise: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(otherwise) }
}

//! A release to be packed: the target, the versions in the field, and what the platform wants to know.

use patch_nostd::wire::{TEXT_LIMIT, is_product};

use crate::api::{Identity, Options};
use crate::escaped::{Escaped, has_control};
use crate::release::encryption::Encryption;
use crate::release::error::PackError;
use crate::release::model::{Image, Source};
use crate::release::platform::{self, DEFAULT_MODULE, RuleError, SignMethod, version_order};
use crate::release::sign::Signer;

/// A differential package with more than this share of the full one's bytes, in percent, is not worth it.
pub const DEFAULT_SHARE: u8 = 80;

/// What is packed. Build it up from [`Release::new`].
///
/// ```
/// use diff_core::release::Release;
/// let release = Release::new("3.0.0", b"new image".to_vec())
///     .source("1.0.0", b"old image".to_vec())
///     .source("2.0.0", b"newer image".to_vec())
///     .product("sensor");
/// assert!(release.check().is_ok());
/// ```
pub struct Release {
    pub(crate) version: String,
    pub(crate) target: Box<dyn Image>,
    pub(crate) sources: Vec<Source>,
    pub(crate) product: Option<String>,
    pub(crate) module: String,
    pub(crate) name: Option<String>,
    pub(crate) description: String,
    pub(crate) sign_method: Option<SignMethod>,
    pub(crate) android_sdk: bool,
    pub(crate) share: u8,
    pub(crate) rollback_counter: Option<u32>,
    pub(crate) options: Options,
    pub(crate) signers: Vec<Box<dyn Signer>>,
    pub(crate) encryption: Option<Encryption>,
}

impl Release {
    /// A release of this version and image, with the full package only.
    pub fn new(version: impl Into<String>, target: impl Image + 'static) -> Self {
        Self {
            version: version.into(),
            target: Box::new(target),
            sources: Vec::new(),
            product: None,
            module: DEFAULT_MODULE.to_owned(),
            name: None,
            description: String::new(),
            sign_method: None,
            android_sdk: false,
            share: DEFAULT_SHARE,
            rollback_counter: None,
            options: Options::default(),
            signers: Vec::new(),
            encryption: None,
        }
    }

    /// Adds a version in the field; it gets a differential package.
    #[must_use]
    pub fn source(mut self, version: impl Into<String>, image: impl Image + 'static) -> Self {
        self.sources.push(Source::new(version, image));
        self
    }

    /// Names the product.
    #[must_use]
    pub fn product(mut self, product: impl Into<String>) -> Self {
        self.product = Some(product.into());
        self
    }

    /// Names the module; `default` if it is not named.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.module = module.into();
        self
    }

    /// Names the firmware; product and version if it is not named.
    #[must_use]
    pub fn firmware_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Describes the firmware.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Chooses the digest that the platform signs with; SHA256 if none is chosen, MD5 for the Android SDK.
    #[must_use]
    pub const fn sign_with(mut self, method: SignMethod) -> Self {
        self.sign_method = Some(method);
        self
    }

    /// Says that devices use the platform's Android SDK.
    #[must_use]
    pub const fn android_sdk(mut self) -> Self {
        self.android_sdk = true;
        self
    }

    /// Chooses which share of the full package a differential one may have, in percent.
    #[must_use]
    pub const fn share(mut self, percent: u8) -> Self {
        self.share = percent;
        self
    }

    /// Sets the counter below which devices do not go back.
    #[must_use]
    pub const fn rollback_counter(mut self, counter: u32) -> Self {
        self.rollback_counter = Some(counter);
        self
    }

    /// Chooses how packages are made. What the headers say about product, module, version and rollback counter is the
    /// release's all the same.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Has all packages signed by a key, besides others.
    #[must_use]
    pub fn signed_by(mut self, signer: impl Signer + 'static) -> Self {
        self.signers.push(Box::new(signer));
        self
    }

    /// Has all packages encrypted, before they are signed.
    #[must_use]
    pub fn encrypted(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Checks everything that can be checked before any work: the platform's rules.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), PackError> {
        self.check_rules()?;
        if let Some(product) = self.product.as_ref().filter(|product| !is_product(product)) {
            return Err(PackError::Usage(format!(
                "the product \"{}\" has {} bytes; it has 1 to {TEXT_LIMIT}, and no control characters",
                Escaped(product),
                product.len()
            )));
        }
        if has_control(&self.description) {
            return Err(PackError::Usage("the description has control characters".to_owned()));
        }
        if self.share > 100 {
            return Err(PackError::Usage(format!("a share has at most 100 percent, not {}", self.share)));
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), RuleError> {
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        platform::check_versions(&self.version, &sources)?;
        platform::check_module(&self.module)?;
        platform::check_name(&self.name())?;
        platform::check_description(&self.description)?;
        platform::check_sign_method(self.sign_method(), !self.sources.is_empty(), self.android_sdk)?;
        // Each source may come to share its package with another, but that is not known yet.
        Ok(())
    }

    pub(crate) fn sign_method(&self) -> SignMethod {
        let usual = if self.android_sdk { SignMethod::Md5 } else { SignMethod::Sha256 };
        self.sign_method.unwrap_or(usual)
    }

    /// The name, or one of product and version, in which dots are not allowed.
    pub(crate) fn name(&self) -> String {
        let usual = || format!("{}-{}", self.product.as_deref().unwrap_or("firmware"), self.version);
        self.name.clone().unwrap_or_else(|| usual().replace('.', "_"))
    }

    /// The options with what the headers say.
    pub(crate) fn all_options(&self) -> Options {
        let identity = Identity {
            product: self.product.clone(),
            module: Some(self.module.clone()),
            version: Some(self.version.clone()),
            rollback_counter: self.rollback_counter,
        };
        // What is signed holds the digest of the body.
        let body_digest = self.options.body_digest || !self.signers.is_empty();
        Options { identity, body_digest, ..self.options.clone() }
    }

    /// The sources in ascending order of their versions, however they were given.
    pub(crate) fn sorted_sources(&self) -> Vec<&Source> {
        let mut sources: Vec<&Source> = self.sources.iter().collect();
        sources.sort_by(|a, b| version_order::compare(&a.version, &b.version));
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release::new("2.0.0", Vec::new())
    }

    #[test]
    fn the_usual_release_keeps_all_rules() {
        let usual = release().product("sensor");
        assert_eq!(usual.name(), "sensor-2_0_0");
        assert_eq!(usual.sign_method(), SignMethod::Sha256);
        assert!(usual.check().is_ok());
        assert_eq!(release().name(), "firmware-2_0_0");
        assert_eq!(release().android_sdk().sign_method(), SignMethod::Md5);
    }

    #[test]
    fn rules_are_checked_before_any_work() {
        let broken = [
            Release::new("2+0", Vec::new()),
            release().source("2.0.0", Vec::new()),
            release().source("1", Vec::new()).source("1", Vec::new()),
            release().module(""),
            release().firmware_name("a b"),
            release().product("p".repeat(40)),
            release().description("d".repeat(101)),
            release().source("1", Vec::new()).android_sdk().sign_with(SignMethod::Sha256),
        ];
        for release in broken {
            assert!(matches!(release.check(), Err(PackError::Rule(_))));
        }
        for product in [String::new(), "p".repeat(65), "a\x1b[31m".to_owned(), "a\u{9b}".to_owned()] {
            let named = release().firmware_name("n").product(product);
            assert!(matches!(named.check(), Err(PackError::Usage(_))));
        }
        assert!(release().firmware_name("n").product("p".repeat(64)).check().is_ok());
        assert!(matches!(release().description("a\nb").check(), Err(PackError::Usage(_))));
        assert!(matches!(release().share(101).check(), Err(PackError::Usage(_))));
        assert!(release().share(100).check().is_ok());
    }

    #[test]
    fn sources_are_in_ascending_order() {
        let release = release().source("1.10", Vec::new()).source("1.9", Vec::new());
        let versions: Vec<_> = release.sorted_sources().iter().map(|source| source.version.clone()).collect();
        assert_eq!(versions, ["1.9", "1.10"]);
    }
}

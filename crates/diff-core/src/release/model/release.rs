//! A release to be packed: the target, the versions in the field, and what the platform wants to know.

use patch_nostd::internals::wire::{TEXT_LIMIT, is_product};

use crate::api::{Identity, Options};
use crate::escaped::{Escaped, has_control};
use crate::release::encryption::Encryption;
use crate::release::error::PackError;
use crate::release::model::{Image, Source};
use crate::release::platform::{self, DEFAULT_MODULE, RuleError, SignMethod, version_order};
use crate::release::sign::Signer;
use crate::settings::{parse, parse_within, put, put_parsed, settings};

/// A differential package with more than this share of the full one's bytes, in percent, is not worth it.
pub const DEFAULT_SHARE: u8 = 80;

/// What only a release has options for: how the platform lists it, and which packages are worth their bytes.
#[derive(Clone, Debug)]
pub struct ReleaseOptions {
    /// The firmware's name, 1 to 40 characters; product and version if absent.
    pub name: Option<String>,
    /// The firmware's description, at most 100 characters.
    pub description: String,
    /// The digest that the platform signs with; SHA256 if absent, MD5 for the Android SDK.
    pub sign_method: Option<SignMethod>,
    /// Whether devices use the platform's Android SDK.
    pub android_sdk: bool,
    /// The most that a differential package may have of the full one's bytes, in percent.
    pub share: u8,
}

impl Default for ReleaseOptions {
    fn default() -> Self {
        Self {
            name: None,
            description: String::new(),
            sign_method: None,
            android_sdk: false,
            share: DEFAULT_SHARE,
        }
    }
}

settings! {
    ReleaseOptions, None;
    "name" "NAME": "The firmware's name, 1 to 40 characters [default: product and version]",
        |options, text| put_parsed(&mut options.name, parse(text).map(Some));
    "description" "TEXT": "The firmware's description, at most 100 characters",
        |options, text| put(&mut options.description, text);
    "sign-method" "METHOD":
        "The digest that the platform signs with: MD5 or SHA256 [default: SHA256, or MD5 with --android-sdk]",
        |options, text| put_parsed(&mut options.sign_method, parse(&text.to_ascii_uppercase()).map(Some));
    "android-sdk": "Devices use the platform's Android SDK, which checks differential packages by MD5",
        |options, text| put(&mut options.android_sdk, text);
    "share" "PERCENT":
        "Drop differential packages with more than this share of the full one's bytes [default: 80]",
        |options, text| {
            put_parsed(&mut options.share, parse_within(text, 0..=100, "a number of percent from 0 to 100"))
        };
}

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
    pub(crate) terms: ReleaseOptions,
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
            terms: ReleaseOptions::default(),
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
        self.options.identity.product = Some(product.into());
        self
    }

    /// Names the module; `default` if it is not named.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.options.identity.module = Some(module.into());
        self
    }

    /// Sets product, module and rollback counter together; the version is the release's.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.options.identity = identity;
        self
    }

    /// Sets what only a release has options for.
    #[must_use]
    pub fn terms(mut self, terms: ReleaseOptions) -> Self {
        self.terms = terms;
        self
    }

    /// Chooses how packages are made. Product, module, version and rollback counter stay the release's.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = Options { identity: self.options.identity, ..options };
        self
    }

    /// Signs all packages with one more key.
    #[must_use]
    pub fn signed_by(mut self, signer: impl Signer + 'static) -> Self {
        self.signers.push(Box::new(signer));
        self
    }

    /// Encrypts all packages, before they are signed.
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
        if let Some(product) = self.options.identity.product.as_ref().filter(|product| !is_product(product)) {
            return Err(PackError::Usage(format!(
                "the product \"{}\" has {} bytes; it has 1 to {TEXT_LIMIT}, and no control characters",
                Escaped(product),
                product.len()
            )));
        }
        if has_control(&self.terms.description) {
            return Err(PackError::Usage("the description has control characters".to_owned()));
        }
        if self.terms.share > 100 {
            return Err(PackError::Usage(format!(
                "a share has at most 100 percent, not {}",
                self.terms.share
            )));
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), RuleError> {
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        platform::check_versions(&self.version, &sources)?;
        platform::check_module(self.module_name())?;
        platform::check_name(&self.name())?;
        platform::check_description(&self.terms.description)?;
        platform::check_sign_method(self.sign_method(), !self.sources.is_empty(), self.terms.android_sdk)?;
        // Each source may come to share its package with another, but that is not known yet.
        Ok(())
    }

    pub(crate) fn module_name(&self) -> &str {
        self.options.identity.module.as_deref().unwrap_or(DEFAULT_MODULE)
    }

    pub(crate) fn sign_method(&self) -> SignMethod {
        let usual = if self.terms.android_sdk { SignMethod::Md5 } else { SignMethod::Sha256 };
        self.terms.sign_method.unwrap_or(usual)
    }

    /// The name, or one of product and version, in which dots are not allowed.
    pub(crate) fn name(&self) -> String {
        let usual = || {
            let product = self.options.identity.product.as_deref().unwrap_or("firmware");
            format!("{product}-{}", self.version)
        };
        self.terms.name.clone().unwrap_or_else(|| usual().replace('.', "_"))
    }

    /// The options with what the headers say.
    pub(crate) fn all_options(&self) -> Options {
        let identity = Identity {
            module: Some(self.module_name().to_owned()),
            version: Some(self.version.clone()),
            ..self.options.identity.clone()
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
    use crate::settings::Settings;

    fn release() -> Release {
        Release::new("2.0.0", Vec::new())
    }

    fn named(name: &str) -> ReleaseOptions {
        ReleaseOptions { name: Some(name.to_owned()), ..ReleaseOptions::default() }
    }

    fn android() -> ReleaseOptions {
        ReleaseOptions { android_sdk: true, ..ReleaseOptions::default() }
    }

    #[test]
    fn the_share_in_the_help_is_the_usual_one() {
        let share = ReleaseOptions::SETTINGS.iter().find(|setting| setting.name == "share").unwrap();
        assert!(share.help.ends_with(&format!("[default: {DEFAULT_SHARE}]")));
        assert!(share.check("101").is_err() && share.check("0").is_ok());
    }

    #[test]
    fn methods_are_named_in_any_case() {
        let method = |text| {
            let mut options = ReleaseOptions::default();
            let setting =
                ReleaseOptions::SETTINGS.iter().find(|setting| setting.name == "sign-method").unwrap();
            (setting.set)(&mut options, text).ok().and(options.sign_method)
        };
        assert_eq!(method("md5"), Some(SignMethod::Md5));
        assert_eq!(method("SHA256"), Some(SignMethod::Sha256));
        assert_eq!(method("SHA1"), None);
    }

    #[test]
    fn the_usual_release_keeps_all_rules() {
        let usual = release().product("sensor");
        assert_eq!(usual.name(), "sensor-2_0_0");
        assert_eq!(usual.sign_method(), SignMethod::Sha256);
        assert!(usual.check().is_ok());
        assert_eq!(release().name(), "firmware-2_0_0");
        assert_eq!(release().terms(android()).sign_method(), SignMethod::Md5);
    }

    #[test]
    fn rules_are_checked_before_any_work() {
        let broken = [
            Release::new("2+0", Vec::new()),
            release().source("2.0.0", Vec::new()),
            release().source("1", Vec::new()).source("1", Vec::new()),
            release().module(""),
            release().terms(named("a b")),
            release().product("p".repeat(40)),
            release().terms(ReleaseOptions { description: "d".repeat(101), ..named("n") }),
            release()
                .source("1", Vec::new())
                .terms(ReleaseOptions { sign_method: Some(SignMethod::Sha256), ..android() }),
        ];
        for release in broken {
            assert!(matches!(release.check(), Err(PackError::Rule(_))));
        }
        for product in [String::new(), "p".repeat(65), "a\x1b[31m".to_owned(), "a\u{9b}".to_owned()] {
            let named = release().terms(named("n")).product(product);
            assert!(matches!(named.check(), Err(PackError::Usage(_))));
        }
        assert!(release().terms(named("n")).product("p".repeat(64)).check().is_ok());
        let described = ReleaseOptions { description: "a\nb".to_owned(), ..named("n") };
        assert!(matches!(release().terms(described).check(), Err(PackError::Usage(_))));
        assert!(matches!(
            release().terms(ReleaseOptions { share: 101, ..named("n") }).check(),
            Err(PackError::Usage(_))
        ));
        assert!(release().terms(ReleaseOptions { share: 100, ..named("n") }).check().is_ok());
    }

    #[test]
    fn sources_are_in_ascending_order() {
        let release = release().source("1.10", Vec::new()).source("1.9", Vec::new());
        let versions: Vec<_> = release.sorted_sources().iter().map(|source| source.version.clone()).collect();
        assert_eq!(versions, ["1.9", "1.10"]);
    }
}

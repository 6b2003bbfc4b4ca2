//! A release to pack: its images, its options, and how the platform lists it.

use smidgen_patch::internals::wire::{TEXT_LIMIT, is_product};

use crate::api::{Identity, Options};
use crate::escaped::{Escaped, has_control};
use crate::release::encryption::Encryption;
use crate::release::error::PackError;
use crate::release::model::{Image, Source};
use crate::release::platform::{self, DEFAULT_MODULE, RuleError, SignMethod, version_order};
use crate::release::sign::Signer;
use crate::settings::{parse, parse_within, put, put_parsed, setters, settings};

/// The default of [`ReleaseOptions::share`].
pub const DEFAULT_SHARE: u8 = 80;

/// The options that only releases have: how the platform lists them, and which packages they keep.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReleaseOptions {
    /// The firmware's name, 1 to 40 characters; if absent, product and version.
    pub name: Option<String>,
    /// The firmware's description, at most 100 characters.
    pub description: String,
    /// The digest that the platform signs with; if absent, SHA256, or MD5 for the Android SDK.
    pub sign_method: Option<SignMethod>,
    /// Whether devices use the platform's Android SDK.
    pub android_sdk: bool,
    /// The most bytes of a differential package, in percent of the full one's; larger ones are dropped.
    pub share: u8,
    /// Allows a new image without bytes, which a build that failed may leave.
    pub allow_empty: bool,
}

impl Default for ReleaseOptions {
    fn default() -> Self {
        Self {
            name: None,
            description: String::new(),
            sign_method: None,
            android_sdk: false,
            share: DEFAULT_SHARE,
            allow_empty: false,
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
    "allow-empty": "Allow a new image without bytes, which is an error otherwise",
        |options, text| put(&mut options.allow_empty, text);
}

setters!(ReleaseOptions {
    with_name: name: Option<String>,
    with_description: description: String,
    with_sign_method: sign_method: Option<SignMethod>,
    with_android_sdk: android_sdk: bool,
    with_share: share: u8,
    with_allow_empty: allow_empty: bool,
});

/// A release to pack.
///
/// ```
/// use smidgen_diff::release::Release;
/// let release = Release::new("3.0.0", b"new image".to_vec())
///     .source("1.0.0", b"old image".to_vec())
///     .source("2.0.0", b"newer image".to_vec());
/// assert!(release.check().is_ok());
/// ```
pub struct Release {
    pub(crate) version: String,
    pub(crate) target: Box<dyn Image>,
    pub(crate) sources: Vec<Source>,
    pub(crate) listing: ReleaseOptions,
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
            listing: ReleaseOptions::default(),
            options: Options::default(),
            signers: Vec::new(),
            encryption: None,
        }
    }

    /// Adds a version in the field, which gets a differential package.
    #[must_use]
    pub fn source(mut self, version: impl Into<String>, image: impl Image + 'static) -> Self {
        self.sources.push(Source::new(version, image));
        self
    }

    /// Adds a key that signs all packages.
    #[must_use]
    pub fn signed_by(mut self, signer: Box<dyn Signer>) -> Self {
        self.signers.push(signer);
        self
    }

    /// Sets the options that only releases have.
    #[must_use]
    pub fn with_listing(mut self, listing: ReleaseOptions) -> Self {
        self.listing = listing;
        self
    }

    /// Sets how packages are made, for which product and module. The version in their headers is the release's.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Encrypts all packages, before they are signed.
    #[must_use]
    pub fn with_encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Checks the platform's rules, before any work.
    ///
    /// # Errors
    /// The first rule that the release breaks.
    pub fn check(&self) -> Result<(), PackError> {
        self.check_rules()?;
        if let Some(product) = self.options.identity.product.as_ref().filter(|product| !is_product(product)) {
            return Err(PackError::Usage(format!(
                "the product \"{}\" has {} bytes; give 1 to {TEXT_LIMIT}, without control characters",
                Escaped(product),
                product.len()
            )));
        }
        if let Some(source) = self.sources.iter().find(|source| source.version.starts_with('.')) {
            let version = &source.version;
            return Err(PackError::Usage(format!(
                "the source version \"{version}\" begins with a dot, which would hide its package; choose another version"
            )));
        }
        if has_control(&self.listing.description) {
            return Err(PackError::Usage(
                "the description has control characters; leave them out".to_owned(),
            ));
        }
        if self.listing.share > 100 {
            let share = self.listing.share;
            return Err(PackError::Usage(format!("the share is {share} percent; the limit is 100")));
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), RuleError> {
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        platform::check_versions(&self.version, &sources)?;
        platform::check_module(self.module_name())?;
        platform::check_name(&self.name())?;
        platform::check_description(&self.listing.description)?;
        platform::check_sign_method(self.sign_method(), !self.sources.is_empty(), self.listing.android_sdk)?;
        Ok(())
    }

    pub(crate) fn module_name(&self) -> &str {
        self.options.identity.module.as_deref().unwrap_or(DEFAULT_MODULE)
    }

    pub(crate) fn sign_method(&self) -> SignMethod {
        let usual = if self.listing.android_sdk { SignMethod::Md5 } else { SignMethod::Sha256 };
        self.listing.sign_method.unwrap_or(usual)
    }

    /// The name, or one of product and version; names have no dots.
    pub(crate) fn name(&self) -> String {
        let usual = || {
            let product = self.options.identity.product.as_deref().unwrap_or("firmware");
            format!("{product}-{}", self.version)
        };
        self.listing.name.clone().unwrap_or_else(|| usual().replace('.', "_"))
    }

    /// The options with the identity in the headers.
    pub(crate) fn all_options(&self) -> Options {
        let identity = Identity {
            module: Some(self.module_name().to_owned()),
            version: Some(self.version.clone()),
            ..self.options.identity.clone()
        };
        // Signatures are of the header, which then has the digest of the body.
        let body_digest = self.options.body_digest || !self.signers.is_empty();
        Options { identity, body_digest, ..self.options.clone() }
    }

    /// The sources in ascending order of their versions.
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

    fn release(listing: ReleaseOptions) -> Release {
        Release::new("2.0.0", Vec::new()).with_listing(listing)
    }

    fn of_product(product: &str) -> Release {
        let identity = Identity { product: Some(product.to_owned()), ..Identity::default() };
        release(named("n")).with_options(Options { identity, ..Options::default() })
    }

    fn named(name: &str) -> ReleaseOptions {
        ReleaseOptions::default().with_name(Some(name.to_owned()))
    }

    fn android() -> ReleaseOptions {
        ReleaseOptions::default().with_android_sdk(true)
    }

    #[test]
    fn settings_are_checked_and_have_the_default_of_the_help() {
        let setting = |name| ReleaseOptions::SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        let share = setting("share");
        assert!(share.help.ends_with(&format!("[default: {DEFAULT_SHARE}]")));
        assert!(share.check("101").is_err() && share.check("0").is_ok());
        let method = |text| {
            let mut options = ReleaseOptions::default();
            (setting("sign-method").set)(&mut options, text).ok().and(options.sign_method)
        };
        // In any case.
        assert_eq!((method("md5"), method("SHA256")), (Some(SignMethod::Md5), Some(SignMethod::Sha256)));
        assert_eq!(method("SHA1"), None);
    }

    #[test]
    fn the_default_release_keeps_all_rules() {
        let default = of_product("sensor").with_listing(ReleaseOptions::default());
        assert_eq!((default.name().as_str(), default.sign_method()), ("sensor-2_0_0", SignMethod::Sha256));
        assert!(default.check().is_ok());
        let android = release(android());
        assert_eq!((android.name().as_str(), android.sign_method()), ("firmware-2_0_0", SignMethod::Md5));
    }

    #[test]
    fn rules_are_checked_before_any_work() {
        let default = || release(ReleaseOptions::default());
        let broken = [
            Release::new("2+0", Vec::new()),
            default().source("2.0.0", Vec::new()),
            default().source("1", Vec::new()).source("1", Vec::new()),
            default().with_options(Options {
                identity: Identity { module: Some(String::new()), ..Identity::default() },
                ..Options::default()
            }),
            release(named("a b")),
            of_product(&"p".repeat(40)).with_listing(ReleaseOptions::default()),
            release(named("n").with_description("d".repeat(101))),
            release(android().with_sign_method(Some(SignMethod::Sha256))).source("1", Vec::new()),
        ];
        for release in broken {
            assert!(matches!(release.check(), Err(PackError::Rule(_))));
        }
        let unusable = ["", &"p".repeat(65), "a\x1b[31m", "a\u{9b}"].map(of_product).into_iter();
        let listings = [named("n").with_description("a\nb".to_owned()), named("n").with_share(101)];
        for release in unusable.chain(listings.map(release)) {
            assert!(matches!(release.check(), Err(PackError::Usage(_))));
        }
        // Its package would be a hidden file, which manifests refuse.
        let hidden = default().source("..", Vec::new());
        assert!(matches!(hidden.check(), Err(PackError::Usage(_))));
        assert!(of_product(&"p".repeat(64)).check().is_ok());
        assert!(release(named("n").with_share(100)).check().is_ok());
    }

    #[test]
    fn sources_are_in_ascending_order() {
        let release = Release::new("2", Vec::new()).source("1.10", Vec::new()).source("1.9", Vec::new());
        let versions: Vec<_> = release.sorted_sources().iter().map(|source| source.version.clone()).collect();
        assert_eq!(versions, ["1.9", "1.10"]);
    }
}

//! A release to pack: its images, its options, and the checks before any work.

use smidgen_patch::internals::wire::{TEXT_LIMIT, is_name, is_product};

use crate::api::{Identity, Options};
use crate::escaped::{Escaped, has_control};
use crate::release::encryption::Encryption;
use crate::release::error::PackError;
use crate::release::model::{Fleet, Image, ReleaseOptions, SOURCES_LIMIT, Source};
use crate::release::platform::{self, DEFAULT_MODULE, Platform, RuleError, SignMethod};
use crate::release::sign::Signer;
use crate::release::version;

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
    pub(crate) fleet: Option<Fleet>,
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
            fleet: None,
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

    /// Sets the fleet: packages for the most devices are made first.
    #[must_use]
    pub fn with_fleet(mut self, fleet: Fleet) -> Self {
        self.fleet = Some(fleet);
        self
    }

    /// Checks versions, names and texts, and the platform's rules if there is one, before any work.
    ///
    /// # Errors
    /// The first rule that the release breaks.
    pub fn check(&self) -> Result<(), PackError> {
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        if sources.len() > SOURCES_LIMIT {
            let count = sources.len();
            return Err(PackError::Usage(format!("there are {count} sources; the limit is {SOURCES_LIMIT}")));
        }
        version::check_versions(&self.version, &sources)?;
        self.check_texts().map_err(PackError::Usage)?;
        if self.listing.share > 100 {
            let share = self.listing.share;
            return Err(PackError::Usage(format!("the share is {share} percent; the limit is 100")));
        }
        platform::check_sign_method(self.sign_method(), !sources.is_empty(), self.listing.android_sdk)?;
        match self.listing.platform {
            Platform::None => Ok(()),
            Platform::Alibaba => Ok(self.check_alibaba(&sources)?),
        }
    }

    fn check_texts(&self) -> Result<(), String> {
        if let Some(product) = self.options.identity.product.as_ref().filter(|product| !is_product(product)) {
            let (product, length) = (Escaped(product), product.len());
            return Err(format!(
                "the product \"{product}\" has {length} bytes; give 1 to {TEXT_LIMIT}, without control characters"
            ));
        }
        if !is_name(self.module_name()) {
            let module = Escaped(self.module_name());
            return Err(format!(
                "the module \"{module}\" is not valid; give 1 to {TEXT_LIMIT} letters, digits, . _ - and +"
            ));
        }
        if self.listing.name.as_ref().is_some_and(|name| name.is_empty() || has_control(name)) {
            return Err(
                "the firmware's name is empty, or has control characters; give another one".to_owned()
            );
        }
        if has_control(&self.listing.description) {
            return Err("the description has control characters; leave them out".to_owned());
        }
        Ok(())
    }

    fn check_alibaba(&self, sources: &[&str]) -> Result<(), RuleError> {
        platform::check_version(&self.version)?;
        sources.iter().try_for_each(|source| platform::check_version(source))?;
        platform::check_module(self.module_name())?;
        platform::check_listed_name(&self.name(), self.listing.name.is_none())?;
        platform::check_description(&self.listing.description)
    }

    pub(crate) fn module_name(&self) -> &str {
        self.options.identity.module.as_deref().unwrap_or(DEFAULT_MODULE)
    }

    pub(crate) fn sign_method(&self) -> SignMethod {
        let usual = if self.listing.android_sdk { SignMethod::Md5 } else { SignMethod::Sha256 };
        self.listing.sign_method.unwrap_or(usual)
    }

    pub(crate) fn name(&self) -> String {
        let usual = || derived_name(self.options.identity.product.as_deref(), &self.version);
        self.listing.name.clone().unwrap_or_else(usual)
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
        sources.sort_by(|a, b| version::compare(&a.version, &b.version));
        sources
    }
}

/// The name of a firmware that has none: product and version. Names on the platform have no dots.
pub(crate) fn derived_name(product: Option<&str>, version: &str) -> String {
    format!("{}-{version}", product.unwrap_or("firmware")).replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn alibaba() -> ReleaseOptions {
        ReleaseOptions::default().with_platform(Platform::Alibaba)
    }

    fn android() -> ReleaseOptions {
        ReleaseOptions::default().with_android_sdk(true)
    }

    #[test]
    fn the_default_release_keeps_all_rules() {
        let default = of_product("sensor").with_listing(alibaba());
        assert_eq!((default.name().as_str(), default.sign_method()), ("sensor-2_0_0", SignMethod::Sha256));
        assert!(default.check().is_ok());
        let android = release(android());
        assert_eq!((android.name().as_str(), android.sign_method()), ("firmware-2_0_0", SignMethod::Md5));
    }

    /// Each of these breaks a rule of the platform, which does not bind without it.
    #[test]
    fn rules_of_the_platform_bind_where_it_is_asked_for() {
        let described = named("n").with_description("d".repeat(101));
        let broken: [(Release, ReleaseOptions); 5] = [
            (Release::new("2.0.0+5", Vec::new()), ReleaseOptions::default()),
            (release(named("n")).source("1.0+5", Vec::new()), named("n")),
            (release(named("a b")), named("a b")),
            (of_product("my product").with_listing(ReleaseOptions::default()), ReleaseOptions::default()),
            (release(described.clone()), described),
        ];
        for (release, listing) in broken {
            assert!(release.check().is_ok());
            let release = release.with_listing(listing.with_platform(Platform::Alibaba));
            assert!(matches!(release.check(), Err(PackError::Rule(_))));
        }
        let derived = of_product(&"p".repeat(40)).with_listing(alibaba());
        let text = derived.check().unwrap_err().to_string();
        assert!(
            text.ends_with("the limit is 40: it is derived from product and version; give --name"),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_packed_is_refused_before_any_work() {
        let default = || release(ReleaseOptions::default());
        for source in ["2.0.0", "", ".", "..", "a/b"] {
            let refused = default().source(source, Vec::new()).check();
            assert!(matches!(refused, Err(PackError::Version(_))), "{source:?}");
        }
        let twice = default().source("1", Vec::new()).source("1", Vec::new());
        assert!(matches!(twice.check(), Err(PackError::Version(_))));
        let sdk = release(android().with_sign_method(Some(SignMethod::Sha256))).source("1", Vec::new());
        assert!(matches!(sdk.check(), Err(PackError::Rule(_))));
        let module = default().with_options(Options {
            identity: Identity { module: Some(String::new()), ..Identity::default() },
            ..Options::default()
        });
        let unusable = ["", &"p".repeat(65), "a\x1b[31m", "a\u{9b}"].map(of_product).into_iter();
        let listings = [
            named("n").with_description("a\nb".to_owned()),
            named("n").with_share(101),
            named(""),
            named("a\x07"),
        ];
        for release in unusable.chain(listings.map(release)).chain([module]) {
            assert!(matches!(release.check(), Err(PackError::Usage(_))));
        }
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

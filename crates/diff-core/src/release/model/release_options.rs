//! The options that only releases have: options by name.

use crate::release::platform::{Platform, SignMethod};
use crate::settings::{parse, parse_within, put, put_parsed, setters, settings};

/// The default of [`ReleaseOptions::share`].
pub const DEFAULT_SHARE: u8 = 80;

/// The options that only releases have: how the platform lists them, and which packages they keep.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReleaseOptions {
    /// The platform whose rules the release keeps.
    pub platform: Platform,
    /// The firmware's name; if absent, product and version.
    pub name: Option<String>,
    /// The firmware's description.
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
            platform: Platform::None,
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
    "platform" "PLATFORM" [Platform::ALL.map(Platform::name)]:
        "The delivery platform whose rules the release keeps (docs/platform.md) [default: none]",
        |options, text| put(&mut options.platform, text);
    "name" "NAME": "The firmware's name [default: product and version]",
        |options, text| put_parsed(&mut options.name, parse(text).map(Some));
    "description" "TEXT": "The firmware's description",
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
    with_platform: platform: Platform,
    with_name: name: Option<String>,
    with_description: description: String,
    with_sign_method: sign_method: Option<SignMethod>,
    with_android_sdk: android_sdk: bool,
    with_share: share: u8,
    with_allow_empty: allow_empty: bool,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

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
}

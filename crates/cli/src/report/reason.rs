//! Why commands fail: names for programs, which never change, with the exit code of each.

/// Makes the enum, with name and exit code of each reason.
macro_rules! reasons {
    ($($variant:ident $name:literal $exit:literal $meaning:literal;)*) => {
        /// Why a command failed, as far as programs tell failures apart. Errors of the decoder have names of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The exit code, as `--help` documents it.
            pub(super) const fn exit(self) -> u8 {
                match self {
                    $(Self::$variant => $exit,)*
                }
            }
        }
    };
}

// docs/json.md has this table.
reasons! {
    Other "failed" 1 "another failure, which the message explains";
    Read "cannot-read" 1 "a file could not be read";
    Write "cannot-write" 1 "a file could not be written";
    TooLarge "too-large" 1 "a file is larger than the format allows";
    Image "not-an-image" 1 "an image is not what its format asks for, or has no payload";
    Key "unusable-key" 1 "a key cannot be used: not a key, of another kind, or the passphrase is wrong";
    Signing "cannot-sign" 1 "a package could not be signed or encrypted";
    Cancelled "cancelled" 1 "the work was cancelled";
    Interrupted "interrupted" 130 "SIGINT ended the work: Ctrl-C";
    Terminated "terminated" 143 "SIGTERM ended the work";
    Usage "usage" 2 "wrong usage: a missing, unknown or contradictory option or argument";
    Exists "exists" 2 "a file that must not be overwritten exists";
    Rule "platform-rule" 2 "a rule of the delivery platform is broken";
    Budget "memory-budget" 2 "no decoder works in the memory that is given";
    InPlace "in-place" 2 "no update in place works with the flash that is given";
    Device "device" 2 "the device that is given cannot restore what is asked for";
    NotChecked "not-checked" 2 "packages were not checked, as what that needs is not given";
    Package "not-good" 3 "a package, manifest or release is damaged, unsupported or not what it should be";
    Base "wrong-base" 4 "the base image is not the one that the package was made for";
    Nothing "no-package" 5 "there is no package for the device";
}

//! The library's settings as options, with the names, help and parsers of its tables.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use smidgen_diff::input::Reading;
use smidgen_diff::release::ReleaseFile;
use smidgen_diff::settings::{Setting, Settings};
use smidgen_diff::{Containers, Device, FlashOptions, Options};

use crate::report::Failure;

/// The settings of a `T` that the command line gives, and their values.
#[derive(Debug)]
pub(crate) struct Given<T: Settings>(Vec<(&'static Setting<T>, String)>);

impl<T: Settings> Given<T> {
    pub(crate) fn apply(&self, target: &mut T) {
        for (setting, value) in &self.0 {
            // The parser has checked the value.
            let _ = (setting.set)(target, value);
        }
    }

    /// The release file's values, overridden by the given ones.
    pub(crate) fn over(&self, file: &ReleaseFile) -> T {
        self.over_onto(file, T::default())
    }

    /// The same on top of `target`.
    pub(crate) fn over_onto(&self, file: &ReleaseFile, mut target: T) -> T {
        let is_given = |name| self.0.iter().any(|(setting, _)| setting.name == name);
        for setting in T::SETTINGS.iter().filter(|setting| !is_given(setting.name)) {
            for value in file.values(setting.name) {
                // Checked when the file was read.
                let _ = (setting.set)(&mut target, value);
            }
        }
        self.apply(&mut target);
        target
    }

    /// The given values, else the defaults.
    pub(crate) fn value(&self) -> T {
        self.over(&ReleaseFile::default())
    }

    /// The given options, as users write them.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(setting, _)| format!("--{}", setting.name))
    }
}

/// The options of the engine: those of the command line, else of the release file, else of the device.
pub(crate) fn engine_options(
    device: Option<&Device>,
    engine: &Given<Options>,
    flash: &Given<FlashOptions>,
    file: &ReleaseFile,
    reading: &Reading,
) -> Result<Options, Failure> {
    let mut options = Options::default();
    device.map_or(Ok(()), |device| device.apply(&mut options))?;
    let of_device = device.map_or_else(FlashOptions::default, FlashOptions::of);
    let is_sized =
        |given: &Setting<FlashOptions>| given.value.is_some() && !file.values(given.name).is_empty();
    let given = flash.names().next().is_some() || FlashOptions::SETTINGS.iter().any(is_sized);
    let flash = flash.over_onto(file, of_device);
    options.in_place = flash.in_place()?;
    if given && options.in_place.is_none() {
        return Err(Failure::usage("the sizes of flash are for in-place packages only")
            .note("give --in-place too (in-place = true in a release file), or leave them out"));
    }
    let mut options = engine.over_onto(file, options);
    if reading.takes_payload() {
        // Payloads are for small devices, which cannot restore containers.
        options.containers = options.containers.or(Some(Containers::None));
    }
    Ok(options)
}

impl<T: Settings> Args for Given<T> {
    fn augment_args(command: Command) -> Command {
        command.args(T::SETTINGS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: Settings> FromArgMatches for Given<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let values = |setting: &Setting<T>| match setting.value {
            Some(_) => matches.get_many(setting.name).into_iter().flatten().cloned().collect(),
            None if matches.get_flag(setting.name) => vec![true.to_string()],
            None => Vec::new(),
        };
        let given = |setting| values(setting).into_iter().map(move |value| (setting, value));
        Ok(Self(T::SETTINGS.iter().flat_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument<T: Settings>(setting: &'static Setting<T>) -> Arg {
    let argument = Arg::new(setting.name).long(setting.name).help(setting.help).help_heading(T::HEADING);
    let Some(name) = setting.value else { return argument.action(ArgAction::SetTrue) };
    let action = if setting.many { ArgAction::Append } else { ArgAction::Set };
    let (argument, choices) = (argument.value_name(name).action(action), (setting.choices)());
    if choices.is_empty() {
        argument.value_parser(move |text: &str| setting.check(text).map(|()| text.to_owned()))
    } else {
        argument.value_parser(PossibleValuesParser::new(choices))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use smidgen_diff::{CodecChoice, Options, Ram};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        engine: Given<Options>,
    }

    #[test]
    fn options_override_the_release_file() {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), "ram = \"16K\"\nlevel = 3\nmd5 = true").unwrap();
        let file = ReleaseFile::read(file.path()).unwrap();
        let given = Line::parse_from(["", "--level", "9", "--codec", "zstd"]).engine;
        let Options { ram, level, codec, md5, body_digest, .. } = given.over(&file);
        assert_eq!((ram, level, codec), (Ram::Bytes(16 << 10), 9, CodecChoice::Zstd));
        assert_eq!((md5, body_digest), (true, false));
        assert_eq!(given.names().collect::<Vec<_>>(), ["--codec", "--level"]);
        assert_eq!(given.value().ram, Ram::Auto);
        assert!(Line::try_parse_from(["", "--level", "10"]).is_err());
        assert!(Line::try_parse_from(["", "--arch", "mips"]).is_err());
    }
}

//! The library's settings as options, with the names, help and parsers of its tables.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use smidgen_diff::release::ReleaseFile;
use smidgen_diff::settings::{Setting, Settings};

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
        self.over_both(file, T::default())
    }

    /// The same, where others than the defaults count for what neither sets.
    pub(crate) fn over_both(&self, file: &ReleaseFile, mut target: T) -> T {
        file.apply(&mut target);
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
        let value = |setting: &Setting<T>| match setting.value {
            Some(_) => matches.get_one(setting.name).cloned(),
            None => matches.get_flag(setting.name).then(|| true.to_string()),
        };
        Ok(Self(T::SETTINGS.iter().filter_map(|setting| Some((setting, value(setting)?))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument<T: Settings>(setting: &'static Setting<T>) -> Arg {
    let argument = Arg::new(setting.name).long(setting.name).help(setting.help).help_heading(T::HEADING);
    let Some(name) = setting.value else { return argument.action(ArgAction::SetTrue) };
    let (argument, choices) = (argument.value_name(name), (setting.choices)());
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

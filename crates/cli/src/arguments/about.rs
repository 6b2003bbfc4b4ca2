//! The options of the commands about the program itself: `schema`, `completions` and `man`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use crate::report::schema;

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// The command, or `error` for failures [default: all, as one object with a member for each].
    #[arg(value_name = "COMMAND", value_parser = PossibleValuesParser::new(schema::names()))]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The command [default: the page of smidgen itself].
    pub(crate) command: Option<String>,
}

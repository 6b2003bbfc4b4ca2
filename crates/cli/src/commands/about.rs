//! `smidgen schema`, `completions` and `man`: what scripts, shells and people read about the program.

use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::Map;
use smidgen_diff::Escaped;

use crate::arguments::{Arguments, CompletionsArguments, ManArguments, SchemaArguments};
use crate::report::schema::{self, names};
use crate::report::{Console, Failure};

/// Prints the schema of what a command prints with `--json`, or all of them.
pub(crate) fn schema(arguments: &SchemaArguments, console: &Console) -> Result<(), Failure> {
    let schema = match &arguments.command {
        Some(name) => schema::schema(name),
        None => names()
            .into_iter()
            .map(|name| (name.to_owned(), schema::schema(name)))
            .collect::<Map<_, _>>()
            .into(),
    };
    console.print(format_args!("{schema:#}"))
}

/// Prints the script that lets a shell complete commands and options.
pub(crate) fn completions(arguments: &CompletionsArguments, console: &Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "smidgen", &mut script);
    console.print_bytes(&script)
}

/// Prints a manual page, in the language of `man`.
pub(crate) fn man(arguments: &ManArguments, console: &Console) -> Result<(), Failure> {
    let mut program = Arguments::command();
    // Gives the commands their full names and the options of all commands.
    program.build();
    let page = match &arguments.command {
        None => Man::new(program),
        Some(name) => {
            let command = program.get_subcommands().find(|command| command.get_name() == name);
            let unknown = || {
                Failure::usage(format!("there is no command \"{}\"", Escaped(name)))
                    .note("see smidgen --help")
            };
            Man::new(command.ok_or_else(unknown)?.clone())
        }
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(|error| Failure::other(format!("the page cannot be made: {error}")))?;
    console.print_bytes(&text)
}

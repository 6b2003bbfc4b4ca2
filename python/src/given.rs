//! Options by name, as the engine's tables have them.

use smidgen_diff::settings::Settings;

use crate::Failure;

/// Names and values that nothing has taken yet.
pub struct Given(pub Vec<(String, String)>);

impl Given {
    /// Sets what is given of the settings of a `T`.
    pub fn take<T: Settings>(&mut self, mut target: T) -> Result<T, Failure> {
        let mut left = Vec::new();
        for (name, value) in self.0.drain(..) {
            match T::SETTINGS.iter().find(|setting| setting.name == name) {
                None => left.push((name, value)),
                Some(setting) => (setting.set)(&mut target, &value)
                    .map_err(|error| Failure::new(format!("{}: {error}", as_written(&name))))?,
            }
        }
        self.0 = left;
        Ok(target)
    }

    /// What is left has no meaning.
    pub fn end(self) -> Result<(), Failure> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Failure::new(format!("there is no option {}", as_written(name)))),
        }
    }
}

fn as_written(name: &str) -> String {
    name.replace('-', "_")
}

//! Delivery platforms, and the limits and rules of the one that there is (`docs/platform.md`).

mod error;
mod limits;
mod name;
mod rules;
mod sign_method;
mod text;

pub use error::RuleError;
pub use limits::{
    CATALOGUE_LIMIT, DEFAULT_MODULE, DESCRIPTION_LIMIT, ENDINGS, FILE_LIMIT, MODULE_LIMIT, MQTT_LIMIT,
    NAME_LIMIT, Parameter, VERSION_LIMIT,
};
pub use name::Platform;
pub(crate) use rules::*;
pub use sign_method::SignMethod;
pub(crate) use text::{check_description, check_listed_name, check_module, check_name, check_version};

//! The delivery platform's limits and rules, and the order of versions (`docs/platform.md`).

mod error;
mod limits;
mod rules;
mod sign_method;
mod text;
pub(crate) mod version_order;

pub use error::RuleError;
pub use limits::{
    CATALOGUE_LIMIT, DEFAULT_MODULE, DESCRIPTION_LIMIT, ENDINGS, FILE_LIMIT, MODULE_LIMIT, MQTT_LIMIT,
    NAME_LIMIT, Parameter, VERSION_LIMIT,
};
pub(crate) use rules::*;
pub use sign_method::SignMethod;
pub(crate) use text::{check_description, check_module, check_name, check_version};

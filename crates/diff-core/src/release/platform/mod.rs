//! The delivery platform: its limits, its rules, and the order of its versions (`docs/platform.md`).

mod broken;
mod limits;
mod rules;
mod sign_method;
mod text;
pub mod version_order;

pub use broken::RuleError;
pub use limits::{
    CATALOGUE_LIMIT, DEFAULT_MODULE, DESCRIPTION_LIMIT, ENDINGS, FILE_LIMIT, MODULE_LIMIT, MQTT_LIMIT,
    NAME_LIMIT, Parameter, VERSION_LIMIT,
};
pub use rules::*;
pub use sign_method::SignMethod;
pub use text::{check_description, check_module, check_name, check_version};

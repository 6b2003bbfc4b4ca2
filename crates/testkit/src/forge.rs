//! Forged packages of containers: digests and lengths are right, the recipes are not.

use smidgen_patch::container::Opened;
use smidgen_patch::header::Extensions;
use smidgen_patch::internals::container::{Level, Record, Side};
use smidgen_patch::{Header, SoftwareSha256};

/// The parts of a package to change; record and header follow from the recipes, unless they are changed later.
pub struct Forge<'p> {
    /// The header.
    pub header: Header,
    /// The extensions, of which `container` is replaced.
    pub extensions: Extensions<'p>,
    /// The record of the container.
    pub record: Record,
    /// The recipe of the base.
    pub base: Level,
    /// The recipe of the target.
    pub target: Level,
    /// The bytes of the recipes, if they are not those of `base` and `target`.
    pub recipes: Option<Vec<u8>>,
    /// What follows the recipes.
    pub body: &'p [u8],
}

impl<'p> Forge<'p> {
    /// The parts of a good package.
    pub fn new(package: &'p [u8]) -> Self {
        let Opened { header, extensions, record, base, target, body, .. } =
            Opened::new::<SoftwareSha256>(package).unwrap().expect("a container");
        let mut forge = Self { header, extensions, record, base, target, recipes: None, body };
        forge.header.body_digest = None;
        forge.settle();
        forge
    }

    /// The same with other recipes, and a record that fits them.
    pub fn with(mut self, change: impl FnOnce(&mut Level, &mut Level)) -> Self {
        change(&mut self.base, &mut self.target);
        self.settle();
        self
    }

    /// The same with these bytes for recipes, and this number of parts.
    pub fn with_bytes(mut self, bytes: &[u8], parts: usize, deflated: bool) -> Self {
        let recipes = if deflated { miniz_oxide::deflate::compress_to_vec(bytes, 6) } else { bytes.to_vec() };
        self.record.recipe_length = bytes.len() as u32;
        self.record.recipe_size = recipes.len() as u32;
        self.record.parts = parts as u32;
        self.recipes = Some(recipes);
        self
    }

    fn settle(&mut self) {
        let length = Level::write_both(&self.base, &self.target).len() as u32;
        self.record.recipe_length = length;
        self.record.recipe_size = length;
        self.record.parts = (self.base.parts() + self.target.parts()) as u32;
        self.record.tokens = self.target.held() as u32;
        self.record.kept = self.base.kept().0 as u32;
        let work = self.base.work(Side::Base).max(self.target.work(Side::Target));
        self.record.work = work.min(1 << 29) as u32;
    }

    /// The package.
    pub fn package(mut self) -> Vec<u8> {
        let recipes = self.recipes.take().unwrap_or_else(|| Level::write_both(&self.base, &self.target));
        self.header.body_length = (recipes.len() + self.body.len()) as u32;
        let value = self.record.to_bytes();
        let extensions = Extensions { container: Some(&value), ..self.extensions };
        let mut bytes = self.header.to_bytes_with(&extensions);
        bytes.extend_from_slice(&recipes);
        bytes.extend_from_slice(self.body);
        bytes
    }
}

//! Which images there are, by name.

use std::sync::Arc;

use super::image::Image;

/// What a server offers. Clients ask from many threads.
pub trait Exports: Sync {
    /// The names that are listed, in order, each with a sentence about it.
    fn list(&self) -> Vec<(String, String)>;

    /// The image of a name, and a sentence about it. The empty name is the default, if there is one.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn open(&self, name: &str) -> Result<Export, String>;
}

/// An image with what is said of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Export {
    /// Its own name, where it was asked for by a shorter one.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// The bytes.
    pub image: Arc<dyn Image>,
}

impl Export {
    /// An image under a name.
    pub fn new(name: impl Into<String>, description: impl Into<String>, image: Arc<dyn Image>) -> Self {
        Self { name: name.into(), description: description.into(), image }
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("name", &self.name).finish_non_exhaustive()
    }
}

//! The views of replicas as exports: `LABEL`, `LABEL@DISK` and `LABEL@candidate-N`, as everywhere.
//!
//! A view is put together when the first client asks for it, shared by all that do, and dropped with the last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::exports::{Export, Exports};
use super::image::ViewImage;
use crate::blocks::{Point, Seen, quality};
use crate::lineage::rescue;
use crate::replica::{Quality, Replica};
use crate::report::escape;

/// Views that are offered.
#[derive(Debug)]
pub struct Views<'a> {
    replicas: &'a [Replica],
    points: Vec<Point<'a>>,
    /// Whether nothing but these is offered.
    only: bool,
    /// Those of which there are clients, by their full names.
    open: Mutex<BTreeMap<String, Weak<ViewImage>>>,
    defective: Vec<bool>,
}

impl<'a> Views<'a> {
    /// Every view of these replicas: the heads and the rescue candidates first, then every disk that has a chain.
    pub fn all(replicas: &'a [Replica]) -> Self {
        let point = |replica| Point { replica, disk: None, candidate: None };
        let mut points = Vec::new();
        for replica in replicas {
            if point(replica).view().is_ok() {
                points.push(point(replica));
            }
            let candidates = rescue::candidates(replica, replicas).into_iter();
            points.extend(candidates.map(|one| Point { candidate: Some(one), ..point(replica) }));
        }
        for replica in replicas {
            let below = |name: &&crate::ident::DiskName| {
                replica.chain.first() != Some(name) && replica.chain_from(name).is_some()
            };
            let disks = replica.disks.names().filter(below);
            points.extend(disks.map(|name| Point { disk: Some(name.clone()), ..point(replica) }));
        }
        Self::offer(points, replicas, false)
    }

    /// These views of these replicas alone.
    pub fn only(points: Vec<Point<'a>>, replicas: &'a [Replica]) -> Self {
        Self::offer(points, replicas, true)
    }

    fn offer(points: Vec<Point<'a>>, replicas: &'a [Replica], only: bool) -> Self {
        let defective = replicas
            .iter()
            .map(|replica| quality(replica, Seen::Probes).quality == Quality::Defective)
            .collect();
        Self { replicas, points, only, open: Mutex::default(), defective }
    }

    /// Those that are listed.
    pub fn points(&self) -> &[Point<'a>] {
        &self.points
    }

    /// A sentence about a view: what it is, and what stands against it.
    fn about(&self, point: &Point<'_>) -> String {
        let what = match (&point.candidate, &point.disk) {
            (Some(candidate), _) if candidate.complete => "a guess, built from the files in the directory",
            (Some(_), _) => "a guess, built from the files in the directory; a disk of it is missing",
            (None, None) => "the view of the head",
            (None, Some(_)) => "the view of this disk and everything below it",
        };
        let at = self.replicas.iter().position(|replica| std::ptr::eq(replica, point.replica));
        let defective = at.is_some_and(|at| self.defective[at]);
        if defective { format!("{what}; the copy is defective") } else { what.to_owned() }
    }

    fn find(&self, name: &str) -> Result<Point<'a>, String> {
        if name.is_empty() {
            // The first is the head of the first replica, if it has one.
            return match (&self.points[..], self.only, self.replicas.len()) {
                ([one], _, _) | ([one, ..], false, 1) => Ok(one.clone()),
                _ => Err("say which export; a list can be asked for".to_owned()),
            };
        }
        let listed = |point: &&Point<'a>| {
            let own = point.name();
            own == name || escape::terminal(&own) == name
        };
        if let Some(point) = self.points.iter().find(listed) {
            return Ok(point.clone());
        }
        match Point::parse(name, self.replicas) {
            Ok(point) if !self.only || self.points.iter().any(|one| one.name() == point.name()) => Ok(point),
            Ok(_) => Err("this view is not offered".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Exports for Views<'_> {
    fn list(&self) -> Vec<(String, String)> {
        self.points.iter().map(|point| (escape::terminal(&point.name()), self.about(point))).collect()
    }

    fn open(&self, name: &str) -> Result<Export, String> {
        let safe = |text: String| escape::terminal(&text);
        let point = self.find(name).map_err(safe)?;
        let own = point.name();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let image = match open.get(&own).and_then(Weak::upgrade) {
            Some(image) => image,
            None => {
                let image = Arc::new(ViewImage::new(point.view().map_err(|error| safe(error.to_string()))?));
                open.retain(|_, image| image.strong_count() > 0);
                open.insert(own.clone(), Arc::downgrade(&image));
                image
            }
        };
        Ok(Export::new(safe(own), self.about(&point), image))
    }
}

//! Partition tables: MBR with its logical partitions, and GPT.

use serde::Serialize;

use super::bytes::{Bytes, Fields, FsError};
use crate::ident::Run;

/// Partitions that are listed.
const PARTITIONS: usize = 128;
const SECTOR: u64 = 512;

/// Where partitions lie, by their number.
pub(super) type Partitions = Vec<(u32, Run)>;

/// The kind of a partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Table {
    /// The older one, in the first sector.
    Mbr,
    /// The one of UEFI.
    Gpt,
}

/// Where a view has partitions, by their number; `None` where it has no table.
pub(super) fn partitions(bytes: &dyn Bytes) -> Result<Option<(Table, Partitions)>, FsError> {
    if bytes.size() < 2 * SECTOR {
        return Ok(None);
    }
    let mut sector = [0; SECTOR as usize];
    bytes.read(0, &mut sector)?;
    let fields = Fields(&sector);
    // The boot sector of FAT or NTFS ends like a table; its name of the maker tells them apart.
    let boot =
        matches!(fields.u8(0), 0xEB | 0xE9) && fields.u16(11).is_power_of_two() && fields.u16(11) >= 512;
    if fields.u16(510) != 0xAA55 || boot {
        return Ok(None);
    }
    let rows: Vec<(u8, u64, u64)> = (0..4).map(|row| of_mbr(fields, 446 + row * 16)).collect();
    if rows.iter().any(|(kind, ..)| *kind == 0xEE) {
        return Ok(gpt(bytes)?.map(|list| (Table::Gpt, list)));
    }
    let flags = (0..4).all(|row| matches!(fields.u8(446 + row * 16), 0 | 0x80));
    if !flags || rows.iter().all(|(kind, _, len)| *kind == 0 || *len == 0) {
        return Ok(None);
    }
    let mut out = Vec::new();
    for (at, (kind, start, len)) in rows.into_iter().enumerate() {
        match kind {
            0 => {}
            0x05 | 0x0F | 0x85 => logical(bytes, start, &mut out)?,
            _ if len > 0 => out.push((at as u32 + 1, run(start, len))),
            _ => {}
        }
    }
    out.sort_by_key(|(number, _)| *number);
    Ok(Some((Table::Mbr, out)))
}

fn run(start: u64, sectors: u64) -> Run {
    let start = start.saturating_mul(SECTOR);
    Run { start, end: start.saturating_add(sectors.saturating_mul(SECTOR)) }
}

fn of_mbr(fields: Fields<'_>, at: usize) -> (u8, u64, u64) {
    (fields.u8(at + 4), fields.u32(at + 8).into(), fields.u32(at + 12).into())
}

/// The chain of logical partitions.
fn logical(bytes: &dyn Bytes, extended: u64, out: &mut Partitions) -> Result<(), FsError> {
    let mut at = extended;
    for number in 5..5 + PARTITIONS as u32 {
        let mut sector = [0; SECTOR as usize];
        if at.saturating_add(1) > bytes.size() / SECTOR {
            return Ok(());
        }
        bytes.read(at * SECTOR, &mut sector)?;
        let fields = Fields(&sector);
        if fields.u16(510) != 0xAA55 {
            return Ok(());
        }
        let (kind, start, len) = of_mbr(fields, 446);
        if kind != 0 && len > 0 {
            out.push((number, run(at + start, len)));
        }
        let (kind, next, _) = of_mbr(fields, 462);
        if !matches!(kind, 0x05 | 0x0F | 0x85) || next == 0 {
            return Ok(());
        }
        at = extended + next;
    }
    Ok(())
}

fn gpt(bytes: &dyn Bytes) -> Result<Option<Partitions>, FsError> {
    let mut header = [0; 92];
    bytes.read(SECTOR, &mut header)?;
    let fields = Fields(&header);
    if fields.bytes(0, 8) != b"EFI PART" {
        return Ok(None);
    }
    let (start, count, size) = (fields.u64(72), fields.u32(80), u64::from(fields.u32(84)));
    if !(128..=4096).contains(&size) {
        return Err(FsError::damaged("the GPT has entries of an impossible size"));
    }
    let mut out = Vec::new();
    for number in 0..u64::from(count).min(PARTITIONS as u64) {
        let mut entry = [0; 48];
        let place = start.saturating_mul(SECTOR).saturating_add(number * size);
        if place.saturating_add(48) > bytes.size() {
            break;
        }
        bytes.read(place, &mut entry)?;
        let fields = Fields(&entry);
        let (first, last) = (fields.u64(32), fields.u64(40));
        if fields.bytes(0, 16).iter().any(|byte| *byte != 0) && last >= first {
            out.push((number as u32 + 1, run(first, last.saturating_sub(first).saturating_add(1))));
        }
    }
    Ok(Some(out))
}

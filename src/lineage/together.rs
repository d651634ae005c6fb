//! What the logs show of two replicas that wrote the same blocks: whether the one was there when the other wrote.
//!
//! All RW replicas of a session receive every write of it, and count alike: a session is a piece of one timeline, and the
//! counter a place on it. A session begins with what its leader held when it left the session before; who joins takes over
//! what the session holds. Followed back from its last session, that is where a replica's data come from.

use super::layers::Layers;
use crate::replica::Membership;

/// What logs show of a replica and another whose counter is higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The other received all that the first ever wrote.
    Earlier,
    /// Each wrote in a session in which the other had no part.
    Apart,
}

/// Where a timeline left a session.
struct Left<'a> {
    at: &'a Membership,
    /// The counter there is no less than this.
    least: i64,
    /// And no more than this, where anything tells.
    most: Option<i64>,
}

/// What the logs show of `less` and `more`, the one with the higher counter; `None` where they do not tell.
pub(super) fn order(less: &Layers, more: &Layers, all: &[Layers]) -> Option<Order> {
    let (low, high) = (less.counter?.0, more.counter?.0);
    let (behind, ahead) = (line(less, all)?, line(more, all)?);
    // A log that knows more than the directory is not this directory's, or the directory was put back.
    let fits =
        |line: &[Left<'_>]| line.first().is_some_and(|now| now.most.is_none_or(|most| now.least <= most));
    if low >= high || !fits(&behind) || !fits(&ahead) {
        return None;
    }
    let last = behind.first()?;
    if let Some(place) = ahead.iter().position(|left| left.at.session == last.at.session) {
        return received_all(less, low, last, &ahead, place).then_some(Order::Earlier);
    }
    // The newest session that both have behind them: since then neither had a part in what the other did.
    let parted = behind.iter().find(|left| ahead.iter().any(|other| other.at.session == left.at.session))?;
    let counted = parted.most.is_some_and(|most| most < low);
    (counted || wrote_in(less, last.at)).then_some(Order::Apart)
}

/// Whether the times of the files show that a leader wrote in its session. Who joins writes its counter anew, so there they
/// show nothing.
fn wrote_in(leader: &Layers, session: &Membership) -> bool {
    let ended = session.closed.or(session.restarted);
    let (Some(written), Some(began), Some(ended)) = (leader.written_at, session.began, ended) else {
        return false;
    };
    let written = written + session.skew;
    session.led && !session.fresh && written > began && written <= ended + SECOND
}

/// Whether the timeline of the other was still in the last session of `less` when `less` wrote for the last time.
fn received_all(less: &Layers, low: i64, last: &Left<'_>, ahead: &[Left<'_>], place: usize) -> bool {
    let Some(left) = ahead.get(place) else { return false };
    // Whoever was cut off may have lost what it had not yet stored, or was copied while it ran.
    if ahead.first().is_none_or(|now| now.at.closed.is_none())
        || ahead[..=place].iter().any(|one| one.at.reverted)
    {
        return false;
    }
    let Some(written) = less.written_at.map(|at| at + last.at.skew) else { return false };
    let gone = left.at.closed.or(left.at.restarted);
    if gone.is_none_or(|gone| written > gone + SECOND) {
        return false;
    }
    if left.least >= low {
        return true;
    }
    if left.most.is_some_and(|most| most < low) {
        return false;
    }
    match left.at.closed {
        // Written before the session ended for the other, or it ended for both.
        Some(closed) => {
            let both = last.at.closed.is_some_and(|own| (own - closed).abs() <= SECOND);
            written < closed || (both && written <= closed)
        }
        None => last.at.restarted.zip(left.at.last).is_some_and(|(again, last)| last > again),
    }
}

/// Times in logs are whole seconds.
const SECOND: i64 = 1;

/// The sessions behind a replica's data, newest first, as far as the logs tell; `None` where they do not tell the last.
fn line<'a>(of: &'a Layers, all: &'a [Layers]) -> Option<Vec<Left<'a>>> {
    if of.memberships.then_unfinished {
        return None;
    }
    let (mut whose, mut at) = (of, of.memberships.list.len().checked_sub(1)?);
    let mut out: Vec<Left<'a>> = Vec::new();
    loop {
        let here = &whose.memberships.list[at];
        if !here.whole || out.iter().any(|left| left.at.session == here.session) {
            break;
        }
        out.push(left(whose, at));
        if !here.led {
            let Some((leader, led)) = leader(here.session, all) else { break };
            let before = |whose: &'a Layers, at: usize| {
                at.checked_sub(1).map(|before| whose.memberships.list[before].session)
            };
            // Who joined without copying anything brought what it had.
            if !here.copied && before(whose, at) != before(leader, led) && !here.fresh {
                break;
            }
            (whose, at) = (leader, led);
        }
        let here = &whose.memberships.list[at];
        if here.fresh || here.after_unfinished || !here.whole || at == 0 {
            break;
        }
        at -= 1;
    }
    (!out.is_empty()).then_some(out)
}

/// Who was elected in a session, if one log says so.
fn leader(session: usize, all: &[Layers]) -> Option<(&Layers, usize)> {
    let mut led = all.iter().flat_map(|one| {
        let list = one.memberships.list.iter().enumerate();
        list.filter(move |(_, at)| at.session == session && at.led).map(move |(at, _)| (one, at))
    });
    led.next().filter(|_| led.next().is_none())
}

/// Where a replica left the session of one of its memberships.
fn left(whose: &Layers, at: usize) -> Left<'_> {
    let list = &whose.memberships.list;
    let here = &list[at];
    let counted = |name| {
        let layer = &whose.list[whose.level(name)?];
        let filled = list.iter().any(|one| one.filled.contains(name));
        layer.counter.filter(|_| layer.counts && !filled).map(|counter| counter.0)
    };
    let sealed = here.snapshots.iter().filter_map(counted).max();
    let least = sealed.max(here.adopted).unwrap_or(0);
    let now = whose.counter.map(|counter| counter.0);
    match list.get(at + 1) {
        None => Left { at: here, least: least.max(now.unwrap_or(0)), most: now },
        // A counter that is lost begins at 1 again.
        Some(next) => match next.opened.filter(|then| *then > 1) {
            Some(then) => Left { at: here, least: least.max(then), most: Some(then) },
            None => {
                let first = next.snapshots.first().and_then(counted);
                Left { at: here, least, most: first.or(now) }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{Counter, DiskName, Label};
    use crate::lineage::layers::Layer;
    use crate::replica::{Memberships, Quality};

    /// A replica with a counter, written to for the last time at some second, with these memberships.
    fn replica(label: &str, counter: i64, written: i64, list: Vec<Membership>) -> Layers {
        Layers {
            label: Label::new(label),
            list: Vec::new(),
            tip: None,
            checkpoint: None,
            checkpoint_name: None,
            counter: Some(Counter(counter)),
            counted_at: None,
            written_at: Some(written),
            memberships: Memberships { list, then_unfinished: false },
            joined: false,
            cannot_snapshot: false,
            size: 4096,
            images: true,
            uuid: None,
            judged: true,
        }
    }

    fn at(session: usize, led: bool, last: i64) -> Membership {
        Membership { session, led, whole: true, last: Some(last), ..Membership::default() }
    }

    fn joined(session: usize, counter: i64, last: i64) -> Membership {
        Membership { copied: true, adopted: Some(counter), ..at(session, false, last) }
    }

    fn closed(one: Membership) -> Membership {
        Membership { closed: one.last, ..one }
    }

    fn opened(counter: i64, one: Membership) -> Membership {
        Membership { opened: Some(counter), ..one }
    }

    /// One died at 50 s with counter 40; the other stayed until the controller closed at 100 s.
    fn stale() -> (Layers, Layers) {
        (
            replica("rep-1", 40, 49, vec![joined(0, 1, 48)]),
            replica("rep-2", 90, 99, vec![closed(at(0, true, 100))]),
        )
    }

    fn of(pair: &(Layers, Layers)) -> Option<Order> {
        order(&pair.0, &pair.1, &[pair.0.clone(), pair.1.clone()])
    }

    #[test]
    fn who_stayed_in_the_session_received_all() {
        assert_eq!(of(&stale()), Some(Order::Earlier));
    }

    #[test]
    fn nothing_is_concluded_where_the_evidence_ends() {
        let (less, more) = stale();
        let cases: Vec<(&str, (Layers, Layers))> = vec![
            ("the end of the other is not shown", {
                let mut more = more.clone();
                more.memberships.list[0].closed = None;
                (less.clone(), more)
            }),
            ("it was written after the other was gone", {
                (Layers { written_at: Some(130), ..less.clone() }, more.clone())
            }),
            ("nobody knows when it was written", (Layers { written_at: None, ..less.clone() }, more.clone())),
            ("a rebuild began after, and did not end", {
                let mut less = less.clone();
                less.memberships.then_unfinished = true;
                (less, more.clone())
            }),
            ("the other went back to a snapshot", {
                let mut more = more.clone();
                more.memberships.list[0].reverted = true;
                (less.clone(), more)
            }),
            ("the log of the other begins in the middle", {
                let mut more = more.clone();
                more.memberships.list[0].whole = false;
                (less.clone(), more)
            }),
            ("there is no log", (replica("rep-1", 40, 49, Vec::new()), more.clone())),
            ("the log knows of more writes than the directory", {
                (replica("rep-1", 40, 49, vec![joined(0, 60, 48)]), more.clone())
            }),
        ];
        for (what, pair) in cases {
            assert_eq!(of(&pair), None, "{what}");
        }
    }

    #[test]
    fn two_that_ran_alone_after_one_session_are_apart() {
        let ran = |label, now, session, from| {
            let common = Membership { session: 0, ..closed(joined(0, 1, 50)) };
            replica(label, now, 80, vec![common, opened(from, closed(at(session, true, 90)))])
        };
        assert_eq!(of(&(ran("rep-1", 60, 1, 40), ran("rep-2", 90, 2, 40))), Some(Order::Apart));
        // Nothing was written in the second session: it stands where the first one ended.
        assert_eq!(of(&(ran("rep-1", 40, 1, 40), ran("rep-2", 90, 2, 40))), None);
        // A counter that began anew tells nothing.
        assert_eq!(of(&(ran("rep-1", 20, 1, 1), ran("rep-2", 90, 2, 40))), None);
    }

    #[test]
    fn the_time_of_a_file_shows_a_write_of_a_leader() {
        let case = |written: i64, led: bool| {
            let less = replica(
                "rep-1",
                60,
                written,
                vec![closed(joined(0, 1, 50)), Membership { began: Some(70), ..closed(at(1, led, 90)) }],
            );
            let more = replica("rep-2", 90, 80, vec![closed(joined(0, 1, 50)), closed(at(2, true, 90))]);
            order(&less, &more, &[less.clone(), more.clone()])
        };
        assert_eq!(case(80, true), Some(Order::Apart));
        for (written, led, what) in [
            (48, true, "nothing was written in it"),
            (70, true, "times are whole seconds"),
            (200, true, "the copy did not keep the times"),
            (80, false, "a join writes the counter"),
        ] {
            assert_eq!(case(written, led), None, "{what}");
        }
    }

    #[test]
    fn a_line_goes_through_the_leader_of_a_session() {
        // rep-2 was in the session of rep-1 and led the next; rep-3 joined that one.
        let first = replica("rep-1", 40, 49, vec![closed(joined(0, 1, 50))]);
        let second = replica(
            "rep-2",
            70,
            99,
            vec![closed(at(0, true, 50)), opened(40, Membership { last: Some(99), ..at(1, true, 99) })],
        );
        let third = replica("rep-3", 90, 120, vec![closed(joined(1, 40, 121))]);
        let all = [first.clone(), second.clone(), third.clone()];
        assert_eq!(order(&first, &third, &all), Some(Order::Earlier));
        // Without the leader's log the line ends there.
        assert_eq!(order(&first, &third, &[first.clone(), third.clone()]), None);
        // A joiner that copied nothing brought what it had.
        let mut brought = third.clone();
        brought.memberships.list[0].copied = false;
        assert_eq!(order(&first, &brought, &[first.clone(), second, brought.clone()]), None);
    }

    #[test]
    fn counters_of_snapshots_are_places_in_a_session() {
        // The other left the session before the first one wrote for the last time, or after: its snapshot tells.
        let case = |counter: i64, filled: bool| {
            let (less, mut more) = stale();
            let snapshot = DiskName::from("volume-snap-a.img");
            more.list.push(Layer {
                name: snapshot.clone(),
                created: None,
                counter: Some(Counter(counter)),
                counts: true,
                mergeable: true,
                blocks: crate::ident::Runs::new(),
                quality: Quality::Faithful,
            });
            let mut common = at(0, true, 49);
            common.snapshots = vec![snapshot.clone()];
            common.restarted = Some(60);
            common.last = Some(30);
            let mut next = closed(at(1, true, 100));
            next.filled = if filled { vec![snapshot] } else { Vec::new() };
            more.memberships.list = vec![common, next];
            (less, more)
        };
        assert_eq!(of(&case(45, false)), Some(Order::Earlier));
        assert_eq!(of(&case(30, false)), None);
        assert_eq!(of(&case(45, true)), None, "a counter that was filled in later is no place");
    }
}

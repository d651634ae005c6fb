//! iSCSI sessions as the controller's log shows them: who was logged in, who was rejected meanwhile.

use super::life::Sighting;
use super::process::Run;
use super::{Address, Event, Moment};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// Whose.
    pub holder: Address,
    /// Its port.
    port: u16,
    /// Which run of the controller.
    pub run: usize,
    /// Since when.
    pub from: Option<Moment>,
    /// Until when; none where the log ends before.
    pub to: Option<Moment>,
}

/// Rejections of others while one host held the target.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rejections<'a> {
    /// Who held it.
    pub holder: Address,
    /// Who was rejected, in the order of the first time.
    pub rejected: Vec<Address>,
    /// The first time.
    pub first: Option<Moment>,
    /// The last time.
    pub last: Option<Moment>,
    /// How often.
    pub count: u64,
    /// How the session ended.
    pub cleared_by: Option<&'static str>,
    /// The file that shows it.
    pub file: usize,
    /// The first line that shows it.
    pub line: &'a Sighting,
    open: bool,
}

/// Two hosts that were logged in at once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Both<'a> {
    /// Their addresses, sorted.
    pub hosts: [Address; 2],
    /// Since when.
    pub from: Option<Moment>,
    /// Until when.
    pub to: Option<Moment>,
    /// The file that shows it.
    pub file: usize,
    /// The login of the second.
    pub line: &'a Sighting,
}

/// What the log tells of sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions<'a> {
    pub(super) sessions: Vec<Session>,
    pub(super) rejections: Vec<Rejections<'a>>,
    pub(super) both: Vec<Both<'a>>,
}

/// Works out the sessions over all runs of the controller.
pub(super) fn sessions<'a>(controllers: &[Run<'a>]) -> Sessions<'a> {
    let mut out = Sessions::default();
    for (number, run) in controllers.iter().enumerate() {
        let followed = number + 1 < controllers.len();
        let mut walk =
            Walk { run: number, file: run.file, open: Vec::new(), came: None, out: &mut out, ended: None };
        let mut stopped = false;
        for sighting in &run.life.sightings {
            stopped |= sighting.event == Event::Stopping;
            walk.take(sighting);
        }
        walk.finish((stopped || followed).then_some(run.life.last).flatten());
    }
    out
}

struct Walk<'a, 'o> {
    run: usize,
    file: usize,
    open: Vec<Session>,
    /// The connection that was established last.
    came: Option<(Address, u16)>,
    /// How the next connection that closes will have ended.
    ended: Option<(Address, &'static str)>,
    out: &'o mut Sessions<'a>,
}

impl<'a> Walk<'a, '_> {
    fn take(&mut self, sighting: &'a Sighting) {
        let at = sighting.at;
        match &sighting.event {
            Event::Connected(address, port) => self.came = Some((address.clone(), *port)),
            Event::Login(true, _) => self.login(sighting),
            Event::Logout(address, port) => {
                self.close(address, Some(*port), at, "a logout");
                self.ended = Some((address.clone(), "a logout"));
            }
            Event::InitiatorGone(address) => {
                self.close(address, None, at, "the end of its host: the connection timed out");
                self.ended = Some((address.clone(), ""));
            }
            Event::Disconnected => {
                // The line does not say whose connection it was: with one session at a time it was the holder's.
                match self.ended.take() {
                    Some(_) => {}
                    None if self.open.len() == 1 => {
                        let holder = self.open[0].holder.clone();
                        self.close(&holder, None, at, "the end of its connection");
                    }
                    None => {
                        let all = std::mem::take(&mut self.open);
                        self.out.sessions.extend(all.into_iter().map(|one| Session { to: at, ..one }));
                    }
                }
            }
            Event::Rejected(rejected, holder) => self.reject(rejected, holder, sighting),
            _ => {}
        }
    }

    fn login(&mut self, sighting: &'a Sighting) {
        let Some((holder, port)) = self.came.take() else { return };
        for other in self.open.iter().filter(|other| other.holder != holder) {
            let mut hosts = [other.holder.clone(), holder.clone()];
            hosts.sort();
            if !self.out.both.iter().any(|both| both.hosts == hosts) {
                let (from, file) = (sighting.at, self.file);
                self.out.both.push(Both { hosts, from, to: None, file, line: sighting });
            }
        }
        // Another host that comes in says that the one before is over.
        for group in self.out.rejections.iter_mut().filter(|group| group.open && group.holder != holder) {
            group.open = false;
        }
        self.open.retain(|one| one.holder != holder || one.port == port);
        self.open.push(Session { holder, port, run: self.run, from: sighting.at, to: None });
    }

    fn close(&mut self, holder: &Address, port: Option<u16>, at: Option<Moment>, by: &'static str) {
        let (closed, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|one| one.holder == *holder && port.is_none_or(|port| one.port == port));
        self.open = open;
        self.out.sessions.extend(closed.into_iter().map(|one| Session { to: at, ..one }));
        for both in self.out.both.iter_mut().filter(|both| both.to.is_none() && both.hosts.contains(holder)) {
            both.to = at;
        }
        for group in self.out.rejections.iter_mut().filter(|group| group.open && group.holder == *holder) {
            group.cleared_by = Some(by);
        }
    }

    fn reject(&mut self, rejected: &Address, holder: &Address, sighting: &'a Sighting) {
        let known = self.out.rejections.iter_mut().rev().find(|group| group.open && group.holder == *holder);
        if let Some(group) = known {
            if !group.rejected.contains(rejected) {
                group.rejected.push(rejected.clone());
            }
            group.last = sighting.until.max(group.last);
            group.count += sighting.times;
            group.cleared_by = None;
            return;
        }
        self.out.rejections.push(Rejections {
            holder: holder.clone(),
            rejected: vec![rejected.clone()],
            first: sighting.at,
            last: sighting.until,
            count: sighting.times,
            cleared_by: None,
            file: self.file,
            line: sighting,
            open: true,
        });
    }

    fn finish(self, ended: Option<Moment>) {
        if ended.is_some() {
            for group in
                self.out.rejections.iter_mut().filter(|group| group.open && group.cleared_by.is_none())
            {
                group.cleared_by = Some("the end of the controller");
            }
            for both in self.out.both.iter_mut().filter(|both| both.to.is_none()) {
                both.to = ended;
            }
        }
        self.out.sessions.extend(self.open.into_iter().map(|one| Session { to: ended, ..one }));
    }
}

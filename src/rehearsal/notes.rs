//! Turns what happened at a door into records on the device: visits, forms, doors found; with positions, clocks and the
//! slips that happen in the field.

use super::crew::{Found, Staircase};
use super::dice::Dice;
use super::family::Family;
use super::field::{Field, Shift, lasts_s, later};
use super::home::Behind;
use super::interview::{self, Care, Occasion};
use super::knock::{self, Result};
use super::record::{Appointment, Dwelling, Interview, Position, Record, Visit};
use super::sheet;
use crate::domain::code::{Datum, Informant, Outcome, Respondent};
use crate::domain::ids::CaseId;
use crate::domain::place;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

/// What enumerators write beside a visit in vain.
const NOTES: [&str; 4] = ["门上贴了告知书", "邻居说晚上七点以后有人", "灯亮无人应", "Card left"];

/// A moment as a device writes it whose clock is `ahead_s` seconds ahead.
pub(super) fn stamp(moment: Timestamp, ahead_s: i64, zone: &TimeZone) -> String {
    later(moment, ahead_s).to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

impl Field<'_> {
    fn stamp(&self, shift: &Shift, moment: Timestamp) -> String {
        stamp(moment, self.crew[shift.member].clock_s + shift.jump_s, &self.calendar.tz)
    }

    /// The case of a listed home.
    fn case(&self, home: usize) -> Uuid {
        CaseId::of(self.world.row(home).id, &self.world.setup.survey.slug, 1).0
    }

    /// Writes the records of one visit to a listed home and moves the clock on.
    pub(super) fn note_down(
        &mut self,
        shift: &mut Shift,
        home: usize,
        result: &Result,
        window: Option<(Timestamp, Timestamp)>,
    ) {
        let case_id = self.case(home);
        let family = result.form.and_then(|_| self.world.family(home));
        let persons = family.as_ref().map_or(0, |family| family.persons.len());
        let mut visit = self.visit(shift, home, case_id, result, persons);
        let plain = |moment| stamp(moment, 0, &self.calendar.tz);
        visit.appointment = window.map(|(from, to)| Appointment { from: plain(from), to: plain(to) });
        let (visit_id, at) = (visit.id, visit.at.clone());
        self.crew[shift.member].outbox.push(Record::Visit(visit));
        let (Some(taken), Some(family)) = (result.form, family) else {
            return;
        };
        let address = shift.dice.chance(0.8).then(|| self.world.address(&mut shift.dice, home));
        let occasion = Occasion {
            id: shift.dice.id_at(shift.now),
            case_id,
            visit_id,
            at: &at,
            reference: self.world.reference,
            respondent: taken.respondent,
            care: taken.care,
        };
        let form = interview::fill(&mut shift.dice, &family, &occasion, address);
        self.hand_in(shift, form);
        if taken.care == Care::Usual {
            self.ask_further(shift, &sheet::Occasion { case_id, visit_id, at: &at });
        }
        if taken.care == Care::Usual && shift.dice.chance(0.006) {
            self.find_lodgers(shift, home);
        }
    }

    /// Fills in the extra forms; one household in ten has no time for them. Draws of its own: with and without such forms the field
    /// is the same.
    fn ask_further(&mut self, shift: &Shift, occasion: &sheet::Occasion<'_>) {
        let mut dice = Dice::of(self.seed, &["sheet", &occasion.visit_id.to_string()]);
        if dice.chance(0.1) {
            return;
        }
        for model in self.extra_forms.clone() {
            let id = dice.id_at(shift.now);
            let filled = sheet::fill((&mut dice, self.seed), model, id, occasion);
            self.crew[shift.member].outbox.push(Record::Submission(filled));
        }
    }

    /// A visit record; the clock moves on by as long as it took.
    fn visit(&self, shift: &mut Shift, home: usize, case_id: Uuid, result: &Result, persons: usize) -> Visit {
        let begin = shift.now;
        let persons = i64::try_from(persons).unwrap_or(1);
        shift.now = later(begin, lasts_s(&mut shift.dice, result, persons));
        let end = later(shift.now, -40).max(begin);
        let with_end = result.form.is_some() || shift.dice.chance(0.3);
        Visit {
            id: shift.dice.id_at(begin),
            case_id,
            at: self.stamp(shift, begin),
            ended_at: with_end.then(|| self.stamp(shift, end)),
            outcome: result.outcome,
            channel: result.channel,
            informant: result.informant,
            photo: if result.photo { vec![shift.dice.id_at(begin)] } else { Vec::new() },
            appointment: None,
            position: self.position(shift, home),
            note: (result.outcome == Outcome::NoAnswer && shift.dice.chance(0.03))
                .then(|| shift.dice.pick(&NOTES).to_owned()),
        }
    }

    /// Where the device believes to be: near the door, in its own system; now and then it has no fix.
    fn position(&self, shift: &mut Shift, home: usize) -> Option<Position> {
        let row = self.world.row(home);
        let (lon, lat) = row.lon.zip(row.lat)?;
        if shift.dice.chance(0.06) {
            return None;
        }
        let spread_m = if shift.dice.chance(0.02) { 90.0 } else { 7.0 };
        let lat = lat + shift.dice.normal() * spread_m / 111_195.0;
        let lon = lon + shift.dice.normal() * spread_m / (111_195.0 * lat.to_radians().cos());
        let datum = self.crew[shift.member].datum;
        let (lon, lat) = match datum {
            Datum::Wgs84 => (lon, lat),
            Datum::Gcj02 | Datum::Bd09 => place::from_wgs84(lon, lat, datum),
        };
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Some(Position { lon: round(lon), lat: round(lat), accuracy_m: shift.dice.range(4, 28), datum })
    }

    /// Puts a form on the device; some are corrected the next day, some cannot be used before they are.
    fn hand_in(&mut self, shift: &mut Shift, form: Interview) {
        let tomorrow = shift.date.checked_add(1.day()).unwrap_or(shift.date);
        let me = &mut self.crew[shift.member];
        me.interviews += 1;
        match me.interviews % 60 {
            23 => {
                let mended = interview::corrected(&mut shift.dice, &form);
                let spoilt = interview::spoilt(&mut shift.dice, &form);
                me.outbox.push(Record::Interview(Box::new(spoilt)));
                me.later.push((tomorrow, Record::Interview(Box::new(mended))));
            }
            11 | 47 => {
                let corrected = interview::corrected(&mut shift.dice, &form);
                me.outbox.push(Record::Interview(Box::new(form)));
                me.later.push((tomorrow, Record::Interview(Box::new(corrected))));
            }
            _ => me.outbox.push(Record::Interview(Box::new(form))),
        }
    }

    /// A door nobody had listed, in a staircase just walked. In one of three cases its own record is sent a day late.
    pub(super) fn find_a_door(&mut self, shift: &mut Shift, stair: usize) {
        let beside = self.crew[shift.member].stairs[stair].homes[0];
        let id = shift.dice.id_at(shift.now);
        let number = self.crew[shift.member].found.len() + 1;
        let room = match shift.dice.range(0, 2) {
            0 => format!("阁楼{number}"),
            1 => format!("B1{number:02}"),
            _ => format!("{}-{number}", self.world.row(beside).room),
        };
        let dwelling = self.dwelling(shift, beside, id, room, None);
        self.add_dwelling(shift, dwelling);
        self.visit_found(shift, id, beside);
        self.crew[shift.member].found.push(Found { id, beside, last: shift.date });
    }

    fn dwelling(
        &self,
        shift: &Shift,
        beside: usize,
        id: Uuid,
        room: String,
        household: Option<u32>,
    ) -> Dwelling {
        let row = self.world.row(beside);
        Dwelling {
            id,
            at: self.stamp(shift, shift.now),
            area: row.area.to_string(),
            building: row.building.to_string(),
            unit: row.unit.to_string(),
            floor: row.floor,
            room,
            household,
        }
    }

    fn add_dwelling(&mut self, shift: &mut Shift, dwelling: Dwelling) {
        let tomorrow = shift.date.checked_add(1.day()).unwrap_or(shift.date);
        let late = shift.dice.chance(0.34);
        let me = &mut self.crew[shift.member];
        if late {
            me.later.push((tomorrow, Record::Dwelling(dwelling)));
        } else {
            me.outbox.push(Record::Dwelling(dwelling));
        }
    }

    /// Visits a found door: named by the record that found it.
    fn visit_found(&mut self, shift: &mut Shift, id: Uuid, beside: usize) -> bool {
        let opens = shift.dice.chance(0.55);
        if !opens {
            let visit = self.visit(shift, beside, id, &knock::plain(Outcome::NoAnswer), 0);
            self.crew[shift.member].outbox.push(Record::Visit(visit));
            return false;
        }
        let family = self.world.strangers(&id.to_string());
        self.take_form(shift, id, beside, &family);
        true
    }

    /// A visit with a form to a door or household that is not in the list.
    fn take_form(&mut self, shift: &mut Shift, case_id: Uuid, beside: usize, family: &Family) {
        let result = knock::complete(Respondent::Head);
        let visit = self.visit(shift, beside, case_id, &result, family.persons.len());
        let (visit_id, at) = (visit.id, visit.at.clone());
        let occasion = Occasion {
            id: shift.dice.id_at(shift.now),
            case_id,
            visit_id,
            at: &at,
            reference: self.world.reference,
            respondent: Respondent::Head,
            care: Care::Usual,
        };
        let form = interview::fill(&mut shift.dice, family, &occasion, None);
        self.crew[shift.member].outbox.push(Record::Visit(visit));
        self.hand_in(shift, form);
    }

    /// A second household behind a listed door: a case of its own, named by its id or by the record that found it.
    fn find_lodgers(&mut self, shift: &mut Shift, home: usize) {
        let id = shift.dice.id_at(shift.now);
        let row = self.world.row(home);
        let dwelling = self.dwelling(shift, home, id, row.room.to_string(), Some(2));
        let by_id = CaseId::of(row.id, &self.world.setup.survey.slug, 2).0;
        let case_id = if shift.dice.chance(0.5) { by_id } else { id };
        self.add_dwelling(shift, dwelling);
        let family = self.world.strangers(&id.to_string());
        self.take_form(shift, case_id, home, &family);
    }

    /// Goes back to doors found on earlier days that had not opened.
    pub(super) fn revisit_found_doors(&mut self, shift: &mut Shift) {
        let found = std::mem::take(&mut self.crew[shift.member].found);
        for mut door in found {
            let rested = door.last < shift.date && shift.now < shift.end;
            if rested && self.visit_found(shift, door.id, door.beside) {
                continue;
            }
            if rested {
                door.last = shift.date;
            }
            self.crew[shift.member].found.push(door);
        }
    }

    /// Knocks at a door a colleague has done already: the same family, written down by somebody else.
    pub(super) fn stray_to_a_finished_door(&mut self, shift: &mut Shift) {
        if shift.now >= shift.end || !shift.dice.chance(0.3) {
            return;
        }
        let me = shift.member;
        let colleague = if me ^ 1 < self.crew.len() { me ^ 1 } else { return };
        let in_reach = |stair: &&Staircase| self.crew[me].reaches(self.world.area(stair.homes[0]));
        let stairs: Vec<&Staircase> = self.crew[colleague].stairs.iter().filter(in_reach).collect();
        if stairs.is_empty() {
            return;
        }
        let stair = stairs[shift.dice.below(stairs.len())];
        let yesterday = |days: &[Date]| days.last().is_some_and(|&last| last < shift.date);
        let done = |&&home: &&usize| {
            let log = &self.logs[home];
            log.done_by.is_some_and(|by| by != me) && yesterday(&log.days)
        };
        let Some(&home) = stair.homes.iter().find(done) else {
            return;
        };
        let member = shift.dice.pick(&[Respondent::Head, Respondent::Member]);
        let result = knock::again(member);
        self.logs[home].done_by = Some(me);
        self.note_down(shift, home, &result, None);
    }

    /// The property manager goes through the list of one building and names the empty flats.
    pub(super) fn ask_the_manager(&mut self, shift: &mut Shift) {
        let stairs = &self.crew[shift.member].stairs;
        if stairs.is_empty() {
            return;
        }
        let stair = shift.dice.below(stairs.len());
        let building = self.world.row(stairs[stair].homes[0]).building_id;
        let of_building = stairs.iter().flat_map(|stair| &stair.homes);
        let homes: Vec<_> =
            of_building.copied().filter(|&home| self.world.row(home).building_id == building).collect();
        for home in homes {
            let Behind::Empty(outcome) = self.world.homes[home].behind else {
                continue;
            };
            if self.logs[home].closed || shift.now >= self.until {
                continue;
            }
            let result = knock::told(outcome, Informant::Manager);
            self.logs[home].visits += 1;
            self.logs[home].note(&result, shift.date);
            self.note_down(shift, home, &result, None);
        }
    }
}

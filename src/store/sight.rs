//! Who may know of what is stored. Whoever sends or reads something may know of the own things and of those at doors within
//! reach; everything else is foreign, and must be answered as if it did not exist. Every statement that looks a record up by an
//! id somebody sent asks this, by the conditions below.

use uuid::Uuid;

use super::access::Caller;
use crate::domain::AreaRange;

/// With whose eyes something is looked up. Statements take it as $4 devices, $5 user, $6 lowest and $7 highest number of the area.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The devices that are the person's own.
    pub devices: Vec<Uuid>,
    /// The person.
    pub user: String,
    /// Range of the person's area.
    pub range: AreaRange,
}

impl Sight {
    /// The eyes of a caller.
    pub fn of(caller: &Caller) -> Self {
        Self { devices: caller.device.into_iter().collect(), user: caller.user.clone(), range: caller.range }
    }
}

/// Whose a stored thing is, seen by somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Sent by the person.
    Own,
    /// Sent by somebody else, to a door within reach.
    Near,
    /// Beyond reach.
    Foreign,
}

impl Whose {
    /// Reads the two conditions.
    pub(super) fn of(is_own: bool, is_near: bool) -> Self {
        if is_own {
            Self::Own
        } else if is_near {
            Self::Near
        } else {
            Self::Foreign
        }
    }
}

/// Whether the person sent the row; not somebody who had the login name before. `$when` is the column that says when it came.
macro_rules! is_own {
    ($row:literal, $when:literal) => {
        concat!(
            "(", $row, ".device_id = any($4::uuid[]) or ", $row, ".enumerator = $5 and ", $row, ".", $when,
            " >= coalesce((select since from staff where district_id = $1 and survey_no = $2 and user_name = $5), '-infinity'))"
        )
    };
}
pub(super) use is_own;

/// Whether the row's case lies in the person's area or is lent to the person; of a row whose case is not known yet, whether a
/// colleague of the area sent it.
macro_rules! is_near {
    ($row:literal) => {
        concat!(
            "coalesce((select near.area_no between $6 and $7 or coalesce(near.holder = $5, false) from survey_case near \
             where near.district_id = $1 and near.survey_no = $2 and near.id = ",
            $row,
            ".case_id), exists (select 1 from staff s join area a on a.district_id = s.district_id and a.survey_no = s.survey_no \
             and a.code = s.area where s.district_id = $1 and s.survey_no = $2 and s.user_name = ",
            $row,
            ".enumerator and a.lo between $6 and $7 offset 0))"
        )
    };
}
pub(super) use is_near;

/// Whether a visit of the picture's own sender names the picture. Takes no parameter.
macro_rules! is_named {
    ($picture:literal) => {
        concat!(
            "exists (select 1 from attachment_link l join visit v on v.district_id = l.district_id and v.survey_no = l.survey_no and \
             v.id = l.visit_id where l.district_id = ",
            $picture, ".district_id and l.survey_no = ", $picture, ".survey_no and l.attachment_id = coalesce(",
            $picture, ".sent_id, ", $picture, ".id) and (v.device_id = ", $picture, ".device_id or v.enumerator = ",
            $picture, ".enumerator))"
        )
    };
}
pub(super) use is_named;

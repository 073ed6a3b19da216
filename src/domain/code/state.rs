//! Codes of cases, contacts, interviews and of what follows from them.

use super::closed_set;

closed_set! {
    /// Where a case stands: computed from its evidence, never set by hand.
    State("state") {
        New = 1, "new", "Not visited yet", "未入户";
        InProgress = 2, "in_progress", "In progress", "进行中";
        Appointment = 3, "appointment", "Appointment", "已预约";
        Proxy = 4, "proxy", "Proxy allowed", "可代答";
        Exhausted = 5, "exhausted", "Visits used up", "次数用尽";
        Partial = 6, "partial", "Partly answered", "部分完成";
        Refused = 7, "refused", "Refused", "拒绝";
        Verify = 8, "verify", "To be verified", "待核实";
        NotEligible = 9, "not_eligible", "Not eligible", "无需登记";
        Closed = 10, "closed", "Closed", "已结案";
        Completed = 11, "completed", "Completed", "已完成";
        Merged = 12, "merged", "Merged", "已合并";
        Cancelled = 13, "cancelled", "Cancelled", "已取消";
    }
}

impl State {
    /// Whether the case is still work to be done.
    pub const fn is_open(self) -> bool {
        match self {
            Self::New
            | Self::InProgress
            | Self::Appointment
            | Self::Proxy
            | Self::Exhausted
            | Self::Partial
            | Self::Refused
            | Self::Verify => true,
            Self::NotEligible | Self::Closed | Self::Completed | Self::Merged | Self::Cancelled => false,
        }
    }

    /// Whether the case belongs to the workload: it is neither merged into another nor cancelled.
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Merged | Self::Cancelled)
    }

    /// Whether the case is resolved: completed, confirmed as not eligible, or closed by a supervisor.
    pub const fn is_resolved(self) -> bool {
        matches!(self, Self::Completed | Self::NotEligible | Self::Closed)
    }
}

closed_set! {
    /// How a contact was made. Only visits in person are counted attempts.
    Channel("channel") {
        InPerson = 1, "in_person", "In person", "上门";
        Telephone = 2, "telephone", "By telephone", "电话";
        Online = 3, "online", "Online", "网上";
    }
}

closed_set! {
    /// Who, besides the household, said it or was asked.
    Informant("informant") {
        None = 1, "none", "Nobody", "无";
        Neighbour = 2, "neighbour", "Neighbour", "邻居";
        Manager = 3, "manager", "Property manager", "物业";
        Relative = 4, "relative", "Relative", "亲属";
    }
}

closed_set! {
    /// Who answered an interview.
    Respondent("respondent") {
        Head = 1, "head", "Head of household", "户主";
        Member = 2, "member", "Household member", "住户成员";
        Neighbour = 3, "neighbour", "Neighbour", "邻居";
        Manager = 4, "manager", "Property manager", "物业";
        Relative = 5, "relative", "Relative", "亲属";
    }
}

impl Respondent {
    /// Whether somebody outside the household answered.
    pub const fn is_proxy(self) -> bool {
        match self {
            Self::Head | Self::Member => false,
            Self::Neighbour | Self::Manager | Self::Relative => true,
        }
    }
}

closed_set! {
    /// How much of the form an interview covers.
    InterviewResult("result") {
        Complete = 1, "complete", "Complete", "完整";
        Partial = 2, "partial", "Partial", "部分";
    }
}

closed_set! {
    /// A supervisor's answer to a claim that nobody is to be registered here.
    Confirmed("confirmed") {
        Yes = 1, "yes", "Confirmed", "确认";
        No = 2, "no", "Denied", "否认";
    }
}

closed_set! {
    /// Something about a case that deserves a look. Flags never change a state.
    Flag("flag") {
        AppointmentMissed = 1, "appointment_missed", "Appointment missed", "预约未赴";
        InterviewMissing = 2, "interview_missing", "Interview not received", "登记表未到";
        LateEvidence = 3, "late_evidence", "Evidence after closing", "结案后收到";
        OccupancyConflict = 4, "occupancy_conflict", "Occupancy in doubt", "居住情况矛盾";
        ProxyTooEarly = 5, "proxy_too_early", "Proxy too early", "过早代答";
    }
}

closed_set! {
    /// A part of the effort that is due before a proxy may be asked.
    EffortPart("effort") {
        Attempts = 1, "attempts", "visits", "次数";
        Days = 2, "days", "days", "天数";
        Bands = 3, "bands", "times of day", "时段";
        Evening = 4, "evening", "an evening", "晚间";
        Weekend = 5, "weekend", "a weekend", "周末";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_declared_in_the_order_of_their_slugs() {
        assert!(Flag::ALL.windows(2).all(|pair| pair[0].slug() < pair[1].slug()));
    }

    #[test]
    fn five_states_are_no_open_work() {
        assert_eq!(State::ALL.iter().filter(|s| !s.is_open()).count(), 5);
        assert_eq!(State::ALL.iter().filter(|s| s.is_resolved()).count(), 3);
    }
}

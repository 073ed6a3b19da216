//! Codes of the form, of doors, staff and coordinates.

use super::closed_set;

closed_set! {
    /// Item H1. A person living alone is a family household; collective = unrelated people living together.
    HouseholdType("household_type") {
        Family = 1, "family", "Family household", "家庭户";
        Collective = 2, "collective", "Collective household", "集体户";
    }
}

closed_set! {
    /// Item D4.
    Sex("sex") {
        M = 1, "m", "Male", "男";
        F = 2, "f", "Female", "女";
    }
}

closed_set! {
    /// Item D2, relationship to the head. The form's number is the database's number less one.
    Relationship("relationship") {
        Head = 1, "head", "Head", "户主";
        Spouse = 2, "spouse", "Spouse", "配偶";
        Child = 3, "child", "Child", "子女";
        Parent = 4, "parent", "Parent", "父母";
        ParentInLaw = 5, "parent_in_law", "Parent-in-law", "岳父母或公婆";
        Grandparent = 6, "grandparent", "Grandparent", "祖父母";
        ChildInLaw = 7, "child_in_law", "Child-in-law", "媳婿";
        Grandchild = 8, "grandchild", "Grandchild", "孙子女";
        Sibling = 9, "sibling", "Sibling", "兄弟姐妹";
        Other = 10, "other", "Other", "其他";
    }
}

closed_set! {
    /// Whether the household owns or rents its dwelling; optional evidence for linkage.
    Tenure("tenure") {
        Own = 1, "own", "Owned", "自有";
        Rent = 2, "rent", "Rented", "租住";
    }
}

closed_set! {
    /// Where a person is and is registered, seen from the recording door.
    ResidenceStatus("residence_status") {
        HereRegistered = 1, "here_registered", "Lives and is registered here", "人在户在";
        HereElsewhere = 2, "here_elsewhere", "Lives here, registered elsewhere", "人在户不在";
        AbsentRegistered = 3, "absent_registered", "Registered here, lives elsewhere", "户在人不在";
        HerePending = 4, "here_pending", "Lives here, registration undetermined", "户口待定";
    }
}

closed_set! {
    /// Whether a person counts in the resident population (常住人口) of the recording township.
    Residence("residence") {
        Resident = 1, "resident", "Resident", "常住";
        NotResident = 2, "not_resident", "Not resident", "非常住";
    }
}

closed_set! {
    /// What a listed door is. Only residential doors get a case at set-up.
    DwellingKind("dwelling_kind") {
        Residential = 1, "residential", "Dwelling", "住宅";
        Collective = 2, "collective", "Collective quarters", "集体住所";
        Business = 3, "business", "Business", "经营用房";
        Public = 4, "public", "Public building", "公共用房";
        UnderConstruction = 5, "under_construction", "Under construction", "在建";
    }
}

closed_set! {
    /// What a user may do.
    Role("role") {
        Enumerator = 1, "enumerator", "Enumerator", "普查员";
        Supervisor = 2, "supervisor", "Supervisor", "普查指导员";
        Admin = 3, "admin", "Administrator", "管理员";
    }
}

impl Role {
    /// Whether such a person answers for an area and uses the pages.
    pub const fn supervises(self) -> bool {
        match self {
            Self::Supervisor | Self::Admin => true,
            Self::Enumerator => false,
        }
    }
}

closed_set! {
    /// The system a pair of coordinates is in.
    Datum("datum") {
        Wgs84 = 1, "wgs84", "WGS-84", "WGS-84";
        Gcj02 = 2, "gcj02", "GCJ-02", "GCJ-02";
        Bd09 = 3, "bd09", "BD-09", "BD-09";
    }
}

closed_set! {
    /// For whom a form is, and what a complete submission of it is.
    FormRole("form_role") {
        Main = 1, "main", "Main form", "主表";
        Extra = 2, "extra", "Further form of the household", "附加表";
        Visit = 3, "visit", "Form for visits and found doors", "访问表";
        Free = 4, "free", "Form without a door", "独立表";
    }
}

impl FormRole {
    /// Whether it is asked of a household: a sheet of the survey.
    pub const fn is_sheet(self) -> bool {
        matches!(self, Self::Main | Self::Extra)
    }
}

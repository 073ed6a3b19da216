//! How large a form and a submission may be. Whoever sends more is told which limit it was.

/// Bytes of a spreadsheet as it is uploaded.
pub const FILE_BYTES: usize = 5 << 20;
/// Bytes of all parts of a spreadsheet together, unpacked.
pub const UNPACKED_BYTES: u64 = 50 << 20;
/// Parts of a spreadsheet's package.
pub const PARTS: usize = 200;
/// Rows of the sheet `survey` that say something.
pub const SURVEY_ROWS: usize = 5_000;
/// Rows of the sheets `choices` and `external_choices` that say something.
pub const CHOICE_ROWS: usize = 50_000;
/// Cells of one sheet that say something.
pub const CELLS: usize = 1_000_000;
/// Choices of all questions together; a list that ten questions use counts ten times.
pub const ASKED_CHOICES: usize = 200_000;
/// Languages of a form.
pub const LANGUAGES: usize = 20;
/// Bytes of an `XForm`.
pub const XFORM_BYTES: usize = 4 << 20;
/// Levels of elements in an `XForm` or a submission.
pub const LEVELS: usize = 64;
/// Elements of an `XForm`.
pub const XFORM_NODES: usize = 500_000;
/// Bytes of a file that belongs to a form.
pub const MEDIA_BYTES: usize = 5 << 20;
/// Files that belong to one version of a form.
pub const MEDIA_FILES: usize = 50;
/// Bytes of all files of one version together.
pub const MEDIA_BYTES_ALL: usize = 25 << 20;
/// Characters of a version.
pub const VERSION_CHARS: usize = 64;
/// Bytes of a submission's XML.
pub const SUBMISSION_BYTES: usize = 1 << 20;
/// Elements of a submission.
pub const SUBMISSION_NODES: usize = 20_000;
/// Characters of one answer.
pub const TEXT_CHARS: usize = 20_000;
/// Faults told at once; the first ones are what an author mends first.
pub const FAULTS: usize = 200;

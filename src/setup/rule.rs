//! Everything the set-up's readers can say, each with a code, a class and its sentence in both languages. Who is told
//! decides nothing by the sentence: a page and a command ask for the code or the class.

use super::said::{Both, Said};
use crate::domain::Language;
use crate::forms::Fault;

/// What becomes of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Wrong: the set-up is not applied until the file is corrected.
    Bad,
    /// Implausible: the set-up is not applied until somebody corrects the file or says that it is right.
    Asked,
    /// Typical damage that was undone: said once, and the set-up is applied.
    Told,
}

/// Declares the rules: `Name { field: Type } = Class "code", "English", "中文";`.
macro_rules! rules {
    ($($name:ident $({ $($field:ident: $type:ty),+ })? = $class:ident $code:literal, $en:literal, $zh:literal;)+) => {
        /// What was found at a place of a set-up file.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Rule { $(#[doc = $code] $name $({ $(#[doc = "Filled into the sentence."] $field: $type),+ })?),+ }

        impl Rule {
            /// Every code with its class, in the order declared.
            pub const CODES: &'static [(&'static str, Class)] = &[$(($code, Class::$class)),+];

            /// The code: part of the name under which a question is answered.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name $({ $($field: _),+ })? => $code),+ }
            }

            /// What becomes of it.
            pub fn class(&self) -> Class {
                match self { $(Self::$name $({ $($field: _),+ })? => Class::$class),+ }
            }

            /// The sentence.
            pub fn say(&self, language: Language) -> String {
                match self {
                    $(Self::$name $({ $($field),+ })? => {
                        $($(let $field = $field.said(language);)+)?
                        match language {
                            Language::En => format!($en),
                            Language::Zh => format!($zh),
                        }
                    })+
                }
            }
        }
    };
}

rules! {
    // The file as a whole.
    FileMissing = Bad "file-missing", "the file is missing", "缺少此文件";
    FileOfOtherKind { found: String } = Bad "file-of-other-kind", "the file is missing; {found} lies there: save it as CSV UTF-8 under this name", "缺少此文件；目录中有 {found}：请另存为“CSV UTF-8”并用此文件名";
    SeveralFiles { found: String } = Bad "several-files", "the file is missing and several could be meant: {found}; leave one of them", "缺少此文件，可能是以下之一：{found}；请只保留一个";
    FileTwice = Bad "file-twice", "the file was sent twice; send one", "此文件发送了两份；请只发送一份";
    OtherFile { found: String } = Asked "other-file", "{found} lies there too; this file is the one that is read", "目录中还有 {found}；读取的是此文件";
    FileName { found: String } = Told "file-name", "read from {found}", "读取自 {found}";
    Denied = Bad "denied", "the file may not be read by this user", "当前用户无权读取此文件";
    IsDirectory = Bad "directory", "a directory stands where the file should be", "此处应为文件，实际是目录";
    Unreadable { why: String } = Bad "unreadable", "the file cannot be read ({why})", "无法读取此文件（{why}）";
    TooLarge = Bad "too-large", "larger than 1 MiB", "大于 1 MiB";
    FileEmpty = Bad "file-empty", "the file is empty; its first line names the columns", "文件为空；第一行应为列名";
    NotText { what: Both } = Bad "not-text", "this is {what} under another name; open it and save it as CSV UTF-8", "这其实是{what}，只是改了文件名；请打开后另存为“CSV UTF-8”";
    NotTomlText { what: Both } = Bad "not-text", "this is {what}, not plain text; save it as plain text in UTF-8", "这是{what}，不是纯文本；请存为 UTF-8 纯文本";

    // Bytes.
    NotUtf8 = Bad "not-utf8", "not UTF-8 text; save the file as UTF-8 (the rest of the file was not read)", "不是 UTF-8 文本；请将文件存为 UTF-8（其余部分未读取）";
    ZeroBytes = Bad "zero-bytes", "zero bytes stand in the text: the file is damaged; save it once more as CSV UTF-8", "文本中有零字节：文件已损坏；请重新存为“CSV UTF-8”";
    ReadAs { encoding: Both } = Told "encoding", "read as {encoding}", "按 {encoding} 读取";
    GuessedEncoding { encoding: Both } = Asked "encoding", "not UTF-8 text; it reads as {encoding}, look whether the words are right", "不是 UTF-8 文本；可按 {encoding} 读取，请核对文字是否正确";
    LineEnds { ends: Both } = Told "line-ends", "line ends read: {ends}", "识别的换行符：{ends}";
    MarksInside = Told "marks-inside", "byte order marks in the middle of the file dropped", "已去除文件中间的字节顺序标记";
    EndMark = Told "end-mark", "an end-of-file sign (Ctrl-Z) dropped", "已去除文件结束符（Ctrl-Z）";

    // The shape of a table.
    Separator { sign: Both } = Told "separator", "columns are separated by {sign}, not by commas", "列以{sign}分隔，而不是逗号";
    SeparatorLine = Told "separator-line", "a first line sep= read", "已识别首行 sep=";
    WrappedLines = Told "wrapped-lines", "every line stands in quotation marks as a whole; they were taken off", "每一行整体带有引号；已去除";
    TitleLines = Told "title-lines", "lines above the line of column names skipped", "已跳过列名行之前的内容";
    HeaderAgain = Told "header-again", "the line of column names stands in the file again; skipped", "列名行重复出现；已跳过";
    IndexColumn = Told "index-column", "a first column of row numbers without a name skipped", "已跳过首列无名的行号";
    SpareCells = Told "spare-cells", "empty cells past the last column dropped", "已去除末列之后的空单元格";
    SpareCellsMaybe = Asked "spare-cells", "more cells than the header on some lines, the last of them empty: a value may have been split; the last would be dropped", "部分行的单元格比列名行多，末尾为空：可能有内容被拆开；末尾的将被去除";
    UnusedColumn = Told "unused-column", "the column is not used", "未使用此列";
    UnnamedColumn { number: usize } = Told "unnamed-column", "column {number} has no name and is not used", "第 {number} 列没有列名，未使用";
    RenamedColumn { known: String } = Told "renamed-column", "the column is read as {known}", "此列按 {known} 读取";
    NearColumn { known: String } = Asked "near-column", "not a known column; is {known} meant? It is not used as it stands", "不是已知的列；是否应为 {known}？按现在的写法不会使用此列";
    NoHeader { needed: String } = Bad "no-header", "no line names the columns; needed are {needed}", "没有列名行；需要的列：{needed}";
    ColumnMissing { needed: String } = Bad "column-missing", "the column is missing; needed are {needed}", "缺少此列；需要的列：{needed}";
    ColumnMeant { found: String } = Bad "column-meant", "the column is missing; is \"{found}\" meant? Then rename it", "缺少此列；是否就是“{found}”？若是请改名";
    ColumnTwice = Bad "column-twice", "the column stands twice in the header", "列名重复";
    Ragged { cells: usize, width: usize } = Bad "ragged", "{cells} cells where the header has {width}", "此行有 {cells} 个单元格，而列名行有 {width} 个";
    LongRow { cells: usize, width: usize } = Bad "long-row", "{cells} cells where the header has {width}; a value that has the separator in it stands in quotation marks", "此行有 {cells} 个单元格，而列名行有 {width} 个；含分隔符的内容须加引号";
    ShortRow { cells: usize, width: usize } = Asked "short-row", "{cells} cells where the header has {width}; what is missing would be taken as empty", "此行有 {cells} 个单元格，而列名行有 {width} 个；缺少的将视为空";
    Endless = Bad "endless", "a row without an end, perhaps a quotation mark that is never closed (the rest of the file was not read)", "行没有结束，可能是引号没有闭合（其余部分未读取）";
    AfterQuote { opened: u64 } = Bad "after-quote", "text after a closing quotation mark (opened on line {opened}); inside quotation marks write \"\" for one", "闭合引号之后还有内容（引号始于第 {opened} 行）；引号内的引号请写成 \"\"";
    RowLimit { rows: u64 } = Asked "row-limit", "the file has {rows} lines, exactly as many as a spreadsheet program keeps: the list may be cut off", "文件有 {rows} 行，正好是电子表格的行数上限：名单可能被截断";

    // Cells, whatever they mean.
    MayNotBeEmpty = Bad "empty", "may not be empty", "不能为空";
    Invisible = Bad "invisible", "control and invisible characters are not allowed", "不允许控制字符和不可见字符";
    Pipe = Bad "pipe", "the character | is not allowed", "不允许字符 |";
    TooLong { most: usize } = Bad "too-long", "longer than {most} characters", "超过 {most} 个字符";
    Control = Bad "control", "control characters are not allowed", "不允许控制字符";
    ErrorCell = Bad "error-cell", "an error of the spreadsheet; correct the formula or empty the cell", "电子表格的错误值；请改正公式或清空单元格";
    Formula = Bad "formula", "a formula where its value should stand", "此处是公式，应为其结果";
    TextMark = Told "text-mark", "marks that keep a spreadsheet from changing a value (=\"…\", ', quotation marks) taken off", "已去除防止电子表格改动的标记（=\"…\"、'、引号）";
    Unseen = Told "unseen", "invisible characters removed", "已去除不可见字符";
    FullWidth = Told "full-width", "full-width characters read as plain ones", "全角字符已转为半角";
    Dash = Told "dash", "other dashes and minus signs read as -", "其他横线和减号已统一为 -";
    Spaces = Told "spaces", "special or repeated spaces read as one", "特殊或重复的空格已合为一个";
    PointZero = Told "point-zero", "numbers like 101.0 read as 101", "形如 101.0 的数已读为 101";
    PointZeroMixed = Asked "point-zero", "some numbers are written like 101.0 and others like 101; .0 would be dropped", "有的数写作 101.0，有的写作 101；将去除 .0";
    DecimalComma = Told "decimal-comma", "decimal commas read as points", "小数逗号已读为小数点";
    DegreeSign = Told "degree-sign", "degrees, minutes and seconds converted", "度分秒已换算";
    NoValue = Told "no-value", "signs for no value (NA, NULL, -) read as empty", "表示无值的写法（NA、NULL、-）已视为空";
    NoValueMaybe = Asked "no-value", "looks like a sign for no value; it would be read as empty", "像是表示无值的写法；将视为空";
    NoValueKept = Asked "no-value", "looks like a sign for no value, but the cell may not be empty; it would be kept as written", "像是表示无值的写法，但此处不能为空；将按原样保留";
    LetterCase = Told "letter-case", "the word is read whatever its capitals, spaces and hyphens", "不区分大小写、空格和连字符";
    Exponent = Asked "exponent", "a number in scientific notation: a spreadsheet may have changed it and lost digits", "科学记数法：可能被电子表格改动并丢失位数";
    DateLike = Asked "date", "reads like a date: a spreadsheet may have made it out of a number like 2-1", "像是日期：可能由 2-1 之类的编号被电子表格改成";
    DateNumber = Asked "date", "a five-digit number among values like 2-1: a spreadsheet may have made a date out of it", "在 2-1 之类的编号中出现五位数：可能是被电子表格改成的日期";
    TrueFalse = Asked "true-false", "reads like a truth value, which a spreadsheet may have made", "像是逻辑值，可能由电子表格改成";
    Thousands = Asked "thousands", "a number with separators between thousands", "带千位分隔符的数";
    LookAlike = Asked "look-alike", "has letters that look like others (Cyrillic or Greek ones, O for 0, l for 1)", "含有形近字符（西里尔或希腊字母、O 与 0、l 与 1）";
    LostSigns = Asked "lost-signs", "characters were lost (� or ??) when the file was saved in another encoding", "文件以其他编码保存时丢失了字符（� 或 ??）";
    Garbled = Asked "garbled", "reads like text in the wrong encoding", "像是编码错误的乱码";
    CutDigits = Asked "cut-digits", "every long number ends in zeros after its 15th digit: a spreadsheet keeps no more digits", "长编号第 15 位之后都是 0：电子表格只保留 15 位";
    Merged = Asked "merged", "empty below a filled cell, as merged cells are saved; it would be taken from the line above", "上方有值而此处为空，可能是合并单元格；将沿用上一行的值";
    Gaps = Asked "gaps", "filled only where it changes, as merged cells are saved; the rest would be read as empty", "只在变化处有值，可能是合并单元格；其余将视为空";
    More { lines: String } = Bad "more", "other values with such a fault on more lines: {lines}", "其他值也有同样问题，见第 {lines} 行";

    // Areas.
    NamesEmpty = Bad "names-empty", "may not be empty where name_zh is empty too", "name_zh 也为空时不能为空";
    SameCode { first: u64 } = Bad "same-code", "the same code as line {first}", "与第 {first} 行的代码相同";
    NotAnArea = Bad "not-an-area", "not an area of areas.csv", "不是 areas.csv 中的区域";
    AreaMeant { code: String } = Told "area-meant", "read as the area {code} of areas.csv, the only one it can mean", "按 areas.csv 中唯一可能的区域 {code} 读取";
    SecondRoot { first: u64 } = Bad "second-root", "may not be empty: the area without a parent is that of line {first}", "不能为空：第 {first} 行已是没有上级的区域";
    NoArea = Bad "no-area", "there is no area; one without a parent is needed", "没有区域；需要一个没有上级的区域";
    InsideItself { ring: String } = Bad "inside-itself", "the area would lie inside itself ({ring})", "区域会包含自身（{ring}）";
    TooDeep { most: u16 } = Bad "too-deep", "deeper than {most} levels", "超过 {most} 层";

    // Doors.
    SameDoor { first: u64 } = Bad "same-door", "the same door as line {first}", "与第 {first} 行是同一户";
    FloorRange { least: i32, most: i32 } = Bad "floor-range", "a floor lies between {least} and {most}", "楼层应在 {least} 到 {most} 之间";
    FloorWhole = Bad "floor-whole", "a floor is a whole number", "楼层是整数";
    NotOneOf { known: String } = Bad "not-one-of", "not one of {known}", "应为以下之一：{known}";
    HouseholdsRange { most: u16 } = Bad "households-range", "a whole number from 0 to {most}", "应为 0 到 {most} 的整数";
    NotDegrees = Bad "not-degrees", "not a number of degrees", "不是度数";
    Together = Bad "together", "missing; longitude and latitude come together", "缺失；经度和纬度须同时填写";
    LonRange = Bad "lon-range", "a longitude lies between -180 and 180", "经度应在 -180 到 180 之间";
    LatRange = Bad "lat-range", "a latitude lies between -90 and 90", "纬度应在 -90 到 90 之间";
    NoPoint = Bad "no-point", "a number of degrees without its point, or metres of a projection", "度数丢失了小数点，或是投影坐标（米）";
    Exchanged = Asked "exchanged", "longitude and latitude look exchanged; they would be exchanged back", "经度和纬度似乎颠倒；将对调";
    ZeroPlace = Asked "zero-place", "0, 0 is nobody's door; it would be read as no place known", "0, 0 不是任何住户的位置；将视为位置未知";
    FarPlace { km: u64 } = Asked "far-place", "{km} km from the other doors", "距其他住户 {km} 公里";
    ExternalTwice { first: u64 } = Bad "twice", "the same number as on line {first}; a number names one door", "与第 {first} 行的编号相同；一个编号只对应一户";
    DoorsAlike { pairs: String } = Told "doors-alike", "these doors look alike, as one door under two writings: {pairs}; they stay two doors", "这些住户像是同一户的两种写法：{pairs}；仍按两户处理";
    LostZeros { kept: String } = Asked "lost-zeros", "without a leading zero, while {kept} of the same building and unit has one", "没有前导零，而同楼同单元的 {kept} 有";

    // Forms.
    FormFault { fault: Fault } = Bad "form-fault", "{fault}", "{fault}";
    FormTwice { other: String } = Bad "form-twice", "the form_id is that of {other} already", "form_id 与 {other} 相同";
    FormNote { fault: Fault } = Told "form-note", "{fault}", "{fault}";

    // Staff.
    SameUser { first: u64 } = Bad "same-user", "the same user as line {first}", "与第 {first} 行的用户相同";
    SameUserWritten { other: String, first: u64 } = Bad "same-user-written", "the same user as \"{other}\" on line {first}: names do not differ by capitals", "与第 {first} 行的“{other}”是同一用户：用户名不区分大小写";
    UserSigns = Bad "user-signs", "a user name has only letters, digits and . _ - @", "用户名只能含字母、数字和 . _ - @";
    HoursShape = Bad "hours-shape", "hours are written like 18:00-21:30 or 09:00-12:00;14:00-21:00", "时间写作 18:00-21:30 或 09:00-12:00;14:00-21:00";
    HoursNumber = Bad "hours-number", "a spreadsheet made a number out of the hours; write them like 18:00-21:30 in a cell formatted as text", "时间被电子表格改成了数字；请在文本格式的单元格中写作 18:00-21:30";
    HoursReversed = Bad "hours-reversed", "a stretch of hours ends after it begins, on the same day", "时间段的结束须晚于开始，且在同一天";
    HoursOverlap = Bad "hours-overlap", "the stretches of hours overlap", "时间段重叠";
    HoursWritten = Told "hours-written", "hours written another way read as 18:00-21:30", "其他写法的时间已读为 18:00-21:30";

    // survey.toml.
    Toml { message: String } = Bad "toml", "not valid TOML: {message}", "不是有效的 TOML：{message}";
    KeyMissing { needed: String } = Bad "key-missing", "missing; needed are {needed}", "缺失；需要：{needed}";
    InQuotes { kind: String } = Bad "in-quotes", "in quotation marks, not as {kind}", "须加引号，不能是 {kind}";
    SlugSigns { most: usize } = Bad "slug-signs", "1 to {most} small letters, digits and . _ - between them", "1 到 {most} 个小写字母和数字，中间可用 . _ -";
    NameLine { most: usize } = Bad "name-line", "1 to {most} characters on one line", "1 到 {most} 个字符，单行";
    SixDigits = Bad "six-digits", "a district code has 6 digits", "行政区划代码为 6 位数字";
    NoZone = Bad "no-zone", "not a time zone of the IANA list, like Asia/Shanghai", "不是 IANA 时区，例如 Asia/Shanghai";
    NoDate = Bad "no-date", "a date like 2020-11-01", "日期写作 2020-11-01";
    NoMoment = Bad "no-moment", "a moment like 2020-11-01T00:00:00+08:00", "时刻写作 2020-11-01T00:00:00+08:00";
    EndsBefore { starts: String } = Bad "ends-before", "before starts_on, which is {starts}", "早于 starts_on（{starts}）";
    UnknownKey { known: String } = Bad "unknown-key", "not a key of this place; known are {known}", "此处没有这个键；可用：{known}";
    PolicyValue { rule: String } = Bad "policy", "{rule}", "{rule}";
    TomlSigns = Told "toml-signs", "typographic quotation marks and full-width signs read as plain ones", "弯引号和全角符号已转为普通符号";
    DateWritten = Told "date-written", "a date written another way", "其他写法的日期";
}

//! Traditional to simplified script for the characters that names and addresses use.
//! One character to one character; where a simplified form stands for several traditional ones only this
//! direction is unambiguous, which is the one needed.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Pairs, traditional first. Surnames, given-name characters, address words.
const PAIRS: &str = "\
張张陳陈劉刘楊杨黃黄趙赵吳吴孫孙馬马鄭郑謝谢馮冯許许鄧邓葉叶蘇苏盧卢蔣蒋賈贾鍾钟鐘钟譚谭陸陆鄒邹\
閻阎閆闫韋韦龍龙錢钱湯汤賀贺龔龚萬万顧顾賴赖嚴严齊齐喬乔塗涂聶聂鮑鲍畢毕駱骆蕭萧藍蓝魯鲁鄔邬關关\
應应婁娄莊庄蘭兰龐庞欒栾項项鄺邝歐欧陽阳諸诸東东門门單单於于遲迟衛卫紀纪饒饶邊边蓋盖連连練练華华\
興兴國国軍军麗丽紅红鳳凤蓮莲潔洁輝辉飛飞傑杰偉伟濤涛勝胜強强剛刚寶宝義义慶庆榮荣貴贵財财發发達达\
雲云電电靈灵穎颖瑩莹瓊琼瑋玮璽玺環环現现瑤瑶銳锐鋒锋鋼钢鋭锐銀银銘铭錦锦錫锡鎮镇鏡镜鐵铁鈺钰鈞钧\
鈴铃鉅钜錄录鍵键鍇锴鎧铠曉晓暉晖曄晔時时晉晋書书會会樂乐樹树橋桥權权棟栋楓枫樺桦檸柠歡欢歲岁歷历\
殘残氣气決决沖冲淚泪淺浅淵渊澤泽潤润濱滨瀾澜灝灏爐炉燁烨燦灿營营爭争爾尔牆墙獻献獎奖獨独獲获瑪玛\
產产畫画異异當当療疗癡痴皚皑監监盤盘眾众睏困碩硕確确禮礼禎祯禪禅穀谷積积穩稳窮穷競竞筆笔節节範范\
築筑簡简籌筹糧粮紐纽純纯紗纱紋纹納纳級级細细終终組组結结絕绝絡络給给統统絲丝經经綠绿維维綱纲網网\
綺绮綿绵緒绪緣缘編编緩缓緯纬縣县縱纵總总績绩繡绣繼继續续纓缨罷罢羅罗羨羡習习聖圣聞闻聯联聰聪聲声\
職职肅肃脈脉腦脑腳脚膽胆臉脸臨临與与舉举舊旧艷艳艶艳藝艺蒼苍薈荟薊蓟薔蔷薩萨藥药蘊蕴處处號号蟬蝉\
術术裏里補补裝装裡里製制複复見见視视親亲覺觉覽览觀观訂订計计記记訓训託托設设訪访評评詠咏詩诗話话\
詳详誌志認认語语誠诚說说誼谊調调諒谅論论諾诺謀谋謙谦講讲證证識识譜谱議议護护讓让貝贝貞贞負负貢贡\
貨货貫贯責责賓宾賢贤質质購购贊赞趕赶跡迹軒轩軟软輕轻載载輔辅輪轮轉转農农運运過过遠远適适選选遺遗\
遙遥鄉乡鄰邻釋释針针鈕钮長长閃闪開开閒闲間间閣阁閱阅闊阔闌阑陝陕陣阵陰阴際际隊队階阶隨随險险隱隐\
雖虽雙双雞鸡離离難难霧雾靜静韻韵響响頂顶順顺須须預预領领頭头題题額额願愿類类風风飄飘養养餘余館馆\
駿骏騰腾驚惊驛驿體体魚鱼鮮鲜鴻鸿鵬鹏鶴鹤鷹鹰鷗鸥鵑鹃鶯莺麥麦黨党齡龄龜龟園园圍围團团圖图塊块場场\
報报塵尘壇坛墾垦壯壮壽寿夢梦夾夹奐奂奮奋奧奥妝妆姍姗娛娱婦妇媽妈嫻娴嬌娇嬋婵嬰婴學学寧宁實实審审\
寫写寬宽將将專专尋寻對对導导層层屬属岡冈島岛峽峡崗岗嵐岚嶺岭巖岩師师帥帅帶带幣币幹干庫库廠厂廣广\
廬庐廳厅彌弥彎弯後后徑径從从徵征徹彻恆恒悅悦悶闷惱恼愛爱慣惯憐怜憑凭憲宪憶忆懷怀戀恋戰战戲戏戶户\
擁拥擇择據据攬揽敵敌數数斬斩斷断昇升晝昼暢畅條条來来楨桢標标樣样樓楼機机檢检櫻樱欽钦淨净渾浑湧涌\
溫温滄沧滿满漁渔漢汉漣涟潁颍潛潜澗涧瀟潇瀏浏灣湾烏乌無无煒炜煙烟煥焕熱热燈灯牽牵狀状獅狮瑣琐畝亩\
眞真祿禄種种稱称筍笋籃篮紹绍綸纶縈萦翹翘膠胶蔭荫蕓芸蕩荡蘆芦虛虚裊袅諄谆諭谕譯译貽贻賦赋贏赢躍跃\
邁迈鄲郸釗钊釧钏鈦钛鉑铂鉦钲銅铜鋁铝錚铮鍛锻鍔锷鎖锁鏈链鏵铧鑄铸鑰钥閏闰閔闵雋隽頌颂頓顿頻频顏颜\
顯显飾饰駒驹駕驾騏骐驊骅鳴鸣鴛鸳鴦鸯鵲鹊個个們们倉仓倫伦側侧備备傳传債债傷伤僅仅僑侨價价儀仪億亿\
優优兒儿兩两冊册冪幂凱凯別别則则創创劍剑動动務务勳勋勵励勞劳勢势勻匀匯汇區区協协卻却厲厉參参員员\
啟启喚唤嘯啸嚮向囑嘱堅坚堯尧壩坝妳你孃娘宮宫寢寝屆届峯峰嶽岳幾几彥彦彙汇復复恥耻慮虑撫抚擴扩攝摄\
斂敛曬晒朧胧槍枪歸归浹浃湞浈滬沪澀涩濟济瀅滢灑洒爺爷犧牺獵猎瑯琅璉琏甯宁癒愈盡尽祕秘稅税窯窑籬篱\
糾纠縷缕繪绘纖纤缽钵羣群翬翚聽听脩修臺台葦苇蔔卜蔥葱藺蔺蘄蕲虯虬蠻蛮衝冲觸触訊讯詢询誕诞諶谌謹谨\
譽誉豐丰賜赐";

static TABLE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut chars = PAIRS.chars();
    let mut table = HashMap::new();
    while let (Some(from), Some(to)) = (chars.next(), chars.next()) {
        table.entry(from).or_insert(to);
    }
    table
});

/// The simplified form of `c`, or `c` itself where none is known.
pub fn simplified(c: char) -> char {
    if c < '\u{4e00}' { c } else { TABLE.get(&c).copied().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_made_of_pairs() {
        assert_eq!(PAIRS.chars().count() % 2, 0);
        assert!(PAIRS.chars().all(|c| c >= '\u{4e00}'));
    }

    #[test]
    fn simplified_forms_stay_as_they_are() {
        for pair in PAIRS.chars().collect::<Vec<_>>().chunks(2) {
            assert_eq!(simplified(pair[1]), pair[1], "{} -> {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn names_and_address_words_are_written_in_simplified_script() {
        let text: String = "歐陽麗華 龍門鎮東風樓 劉軍 陳曉燕 號樓單元室戶".chars().map(simplified).collect();
        assert_eq!(text, "欧阳丽华 龙门镇东风楼 刘军 陈晓燕 号楼单元室户");
    }
}

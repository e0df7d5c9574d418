/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - see words.h.
 *
 * A label is looked up by its end: "ご連絡先電話番号" ends in "電話番号".
 * Words are kept by their last letter, the longest that fits counts.  Latin
 * ones are compared without case and separators, and begin where a word
 * begins ("file_name" has "name", "surname" has not).
 */
#include "base/utf8.h"
#include "inspect/words.h"

#define POOL    8192u /* letters of all words together */
#define WORDS   1600u
#define BUCKETS 256u
#define ENDS    16384u
#define LABEL   40u /* letters of the longest label that is looked at */

struct word {
    uint16_t at, n; /* in the pool */
    uint16_t next;  /* of its bucket, 0 none */
    uint8_t label;
};

struct hb_words {
    uint32_t pool[POOL];
    struct word word[WORDS]; /* the first is not used */
    uint16_t head[BUCKETS];
    size_t pool_n, n;
    /* Whether a label, or one of names, may end in two letters, by a hash of
     * them: most texts are put aside by that. */
    uint64_t ends[ENDS / 64], name_ends[ENDS / 64];
};

/* A label as it is compared. */
struct bare {
    uint32_t cp[LABEL + 1]; /* 0 behind the last */
    bool begins[LABEL];     /* a word of Latin letters begins here */
    size_t n;
};

static const struct {
    uint8_t label;
    const char *words;
} table[] = {
    {HB_LABEL_NAME,
     "氏名 名前 姓名 氏名漢字 漢字氏名 フルネーム 顧客名 顧客氏名 患者名 患者 "
     "生徒名 児童名 園児名 学生名 社員名 職員名 従業員名 会員名 利用者名 "
     "参加者 参加者名 出席者 出席者名 欠席者 受講者 受講者名 受験者 受験者名 "
     "申込者 申込者名 申請者 申請者名 契約者 契約者名 世帯主 世帯主名 保護者 "
     "保護者名 被保険者 被保険者名 被扶養者 被扶養者名 扶養親族 配偶者 "
     "受取人 受取人名 名義 名義人 口座名義 口座名義人 代表者 代表者名 "
     "代表者氏名 選手名 選手 隊員名 団員名 部員名 役員名 委員名 講師名 講師 "
     "講演者 教職員名 教員名 担任 担当者氏名 購入者 購入者名 注文者 注文者名 "
     "応募者 応募者名 当選者 当選者名 入居者 入居者名 居住者 所有者 所有者名 "
     "納税者 納税者名 寄附者 寄付者 寄附者名 寄付者名 回答者 相談者 相談者名 "
     "宿泊者 宿泊者名 予約者 予約者名 来場者 来訪者 来訪者名 訪問者 入所者 "
     "入会者 退職者 採用者 候補者 候補者名 研修生 実習生 卒業生 新入社員 "
     "本人 本人氏名 署名 自署 記名 記入者 作成者氏名 届出人 届出者 請求者 "
     "貸主 借主 売主 買主 賃貸人 賃借人 譲渡人 譲受人 委任者 受任者 連帯保証人 "
     "保証人 後見人 依頼者 依頼人 運転者 運転者名 乗務員 通報者 発見者 "
     "メンバー名 カード名義 カード名義人 ご名義 支払人 振込人 振込先名義 "
     "氏名英字 英字氏名 ローマ字氏名 氏名ローマ字 宛名 児童 園児 生徒 学生 "
     "社員 職員 従業員 会員 利用者 組合員 組合員名 班員 住民 隊員 団員 "
     "name fullname realname personname customername clientname patientname "
     "employeename studentname membername guestname participantname "
     "displayname contactname recipientname holdername accountholder "
     "cardholder cardholdername attendee attendees participant employee "
     "student patient applicant passenger passengername fn cn ownername "
     "名簿 staffname accountname holder namekanji kanjiname shimei namae"},
    {HB_LABEL_NAME_MAYBE,
     "操作者 製作者 制作者 担当 担当者 担当者名 連絡担当者 責任者 責任者名 "
     "現場責任者 管理者 "
     "管理責任者 お届け先名 届け先名 届け先 送付先名 送付先 配送先 配送先名 "
     "依頼主 依頼主名 差出人 宛先 お客様 顧客 得意先 得意先名 取引先 取引先名 "
     "支払先 支払先名 振込先 請求先 仕入先 発注者 受注者 相手先 相手方 "
     "発言者 発言 質問者 議長 司会 記録 幹事 会長 副会長 委員 副委員長 理事 "
     "監事 書記 会計 班長 隊長 部長 委員長 校長 院長 社長 "
     "出演者 出演 演者 弁護士 税理士 医師 主治医 看護師 部長 課長 係長 主任 "
     "店長 名 customer client contact person from to cc manager user owner "
     "assignee reporter author creator contributor reviewer member payee "
     "payer recipient sender holder title label username"},
    {HB_LABEL_SURNAME, "姓 苗字 名字 氏 lastname familyname "
                       "surname sei lname nmlast 姓漢字"},
    {HB_LABEL_GIVEN, "firstname givenname mei fname 名漢字"},
    {HB_LABEL_READING,
     "フリガナ ふりがな カナ かな よみ ヨミ 読み よみがな ヨミガナ 読み仮名 "
     "読みがな 氏名カナ カナ氏名 カナ名 氏名フリガナ kana furigana yomi "
     "namekana kananame ruby phonetic 姓カナ 名カナ セイ メイ せい めい "
     "氏名かな シメイ 名前カナ 名義カナ 口座名義カナ"},
    {HB_LABEL_MY_NUMBER,
     "個人番号 マイナンバー マイナンバー番号 通知カード 通知カード番号 "
     "通知カードの番号 マイナンバーカードの番号 個人番号カードの番号 "
     "マイナンバーカード 個人番号カード マイナンバーの番号 "
     "個人番号又は法人番号 個人番号または法人番号 法人番号又は個人番号 "
     "個人番号法人番号 mynumber individualnumber mynumbercard mynumberno "
     "individualno kojinbango kojinbangou mynum myno"},
    {HB_LABEL_CARD,
     "カード番号 クレジットカード番号 クレジットカード クレジット番号 カード "
     "クレカ番号 クレカ cardnumber cardno creditcard creditcardnumber card "
     "pan ccnumber creditcardno デビットカード カードno"},
    {HB_LABEL_ACCOUNT,
     "口座番号 口座 口座no 振込口座 振込先口座 引落口座 入金口座 出金口座 "
     "預金口座 普通口座 当座口座 返金先口座 給与口座 給与振込口座 "
     "accountnumber accountno account acctno bankaccount bankaccountnumber "
     "kozabango kouzabangou kouza koza 総合口座"},
    {HB_LABEL_BANK,
     "銀行 銀行名 金融機関 金融機関名 振込先銀行 振込銀行 取引銀行 銀行コード "
     "金融機関コード 金融機関番号 bank bankname bankcode"},
    {HB_LABEL_BRANCH,
     "支店 支店名 支店コード 支店番号 店番 店番号 本支店 本支店名 branch "
     "branchname branchcode branchno"},
    {HB_LABEL_KIND,
     "種別 預金種別 口座種別 預金種目 種目 科目 預金科目 口座種類 預金種類 "
     "普通 当座 貯蓄 普通預金 当座預金 貯蓄預金 accounttype accountkind "
     "deposittype"},
    {HB_LABEL_SYMBOL, "記号 ゆうちょ記号 通帳記号 symbol"},
    {HB_LABEL_PHONE,
     "電話 電話番号 でんわ 電話no 連絡先 連絡先電話 連絡先電話番号 連絡先番号 "
     "緊急連絡先 携帯 携帯電話 携帯電話番号 携帯番号 ケータイ けいたい "
     "スマホ スマートフォン 自宅 自宅電話 自宅電話番号 勤務先電話 固定電話 "
     "直通 代表 代表電話 内線外線 ファクス ファックス ファクシミリ "
     "ファクス番号 "
     "ファックス番号 fax faxno faxnumber tel telno telnumber telephone "
     "telephonenumber phone phoneno phonenumber mobile mobileno mobilephone "
     "mobilenumber cell cellphone homephone workphone contactnumber call "
     "hotline 問い合わせ先 お問い合わせ 問合せ先 問合せ ℡ ☎ ☏ 📞 denwa "
     "denwabango keitai sms whatsapp telwork telhome telcell"},
    {HB_LABEL_ADDRESS,
     "住所 現住所 自宅住所 所在地 居所 本籍 本籍地 住民票住所 住民登録地 "
     "送付先住所 お届け先住所 届け先住所 届先住所 届出住所 勤務先住所 "
     "会社住所 連絡先住所 請求先住所 配送先住所 本店所在地 設置場所 施工場所 "
     "address addr address1 addr1 streetaddress shippingaddress "
     "billingaddress homeaddress postaladdress street jusho juusho 物件所在地 "
     "住居 居住地"},
    {HB_LABEL_MAIL,
     "メール メールアドレス 電子メール 電子メールアドレス eメール "
     "eメールアドレス アドレス email mail emailaddress mailaddress mailto "
     "e-mail 連絡先メール"},
    {HB_LABEL_INDEX,
     "番号 no 連番 通番 項番 整理 順位 順 行 # № id seq rownumber index num "
     "number 枝番 席 席番"},
    {HB_LABEL_ABOUT,
     "生年月日 誕生日 年齢 性別 続柄 所属 部署 部門 役職 職種 クラス 学年 組 "
     "学級 出身 学校 学校名 勤務先 血液型 身長 体重 点数 得点 成績 評価 支給額 "
     "給与 報酬 金額 会費 国籍 在留資格 birthday birthdate dateofbirth dob age "
     "sex gender department dept section class grade score salary amount "
     "nationality position 入社日 入社年月日 採用日 加入日 備考 出欠 郵便番号 "
     "postcode zip zipcode postalcode 〒"},
    {HB_LABEL_THING,
     "会社 会社名 企業名 企業 法人名 法人 事業者 事業者名 事業所 事業所名 "
     "団体名 団体 組織名 商号 屋号 店名 店舗 店舗名 店舗一覧 施設 施設名 "
     "取扱店 販売店 販売店名 加盟店 代理店 代理店名 駅 駅名 停留所 路線 路線名 "
     "市町村 市町村名 市区町村 自治体 自治体名 地名 町名 地区 地区名 都道府県 "
     "都道府県名 県名 国名 商品 商品名 品名 製品 製品名 品目 銘柄 機種 機種名 "
     "書名 書籍名 題名 タイトル 作品 作品名 曲名 著者 著者名 作者 作者名 "
     "訳者 監督 作曲者 作詞者 人物 人物名 偉人 武将 武将名 登場人物 役名 "
     "件名 案件名 工事名 事業名 サービス名 ブランド ブランド名 メーカー "
     "メーカー名 製造元 発売元 出版社 品種 品種名 名称 山名 川名 河川名 寺社 "
     "寺院名 神社名 史跡 学校一覧 病院名 医院名 薬局名 建物名 ビル名 橋名 "
     "公園名 チーム名 チーム 対戦 クラブ名 バンド名 艦名 船名 列車名 車種 "
     "companyname company firm firmname organization organisation org "
     "organizationname shop shopname store storename station stationname "
     "city cityname town townname place placename productname product item "
     "itemname booktitle book bookname songname filename file hostname host "
     "username login loginname screenname nickname projectname project "
     "functionname packagename classname modulename variablename tablename "
     "columnname fieldname eventname servicename domainname servername "
     "brandname brand modelname model categoryname category groupname "
     "teamname team tagname keyname typename branchlabel character "
     "novelist writer composer ニックネーム ハンドルネーム ユーザー名 "
     "ユーザ名 アカウント名 ペンネーム 芸名 ファイル名 ホスト名 プロジェクト名 "
     "項目名 項目 プラン名 コース名 講座名 科目名 部品名 材料名 薬品名 薬剤名 "
     "料理名 メニュー メニュー名 屋台名 出店者名 出店者 出展者 仕入先名"},
    {HB_LABEL_OTHER,
     "注文番号 受注番号 発注番号 追跡番号 伝票番号 送り状番号 会員番号 "
     "お客様番号 お客さま番号 顧客番号 社員番号 職員番号 学籍番号 受付番号 "
     "申請番号 申込番号 申込受付番号 問い合わせ番号 問合せ番号 お問合せ番号 "
     "問い合わせ伝票番号 お問い合わせ番号 管理番号 整理番号 契約番号 証券番号 "
     "証書番号 製造番号 シリアル番号 シリアル 型番 品番 図番 部品番号 部番 "
     "商品番号 商品コード 商品id 物件番号 車台番号 登録番号 法人番号 "
     "事業者番号 識別番号 請求書番号 請求番号 見積番号 領収書番号 領収番号 "
     "予約番号 確認番号 承認番号 取引番号 決済番号 水栓番号 供給地点特定番号 "
     "地点番号 メーター番号 検針番号 ポイント番号 ポイントカード番号 "
     "免許証番号 免許番号 運転免許証番号 旅券番号 パスポート番号 保険証番号 "
     "被保険者番号 保険者番号 記号番号 基礎年金番号 年金番号 雇用保険番号 "
     "雇用保険被保険者番号 住民票コード 在留カード番号 診察券番号 患者番号 "
     "カルテ番号 検体番号 資産番号 ロット番号 ロット ロットno バーコード "
     "janコード jan isbn issn ean upc 版 版数 コード 行番号 座席番号 部屋番号 "
     "納付番号 収納機関番号 通知書番号 交付番号 文書番号 起案番号 案件番号 "
     "チケット番号 問題番号 参照番号 照会番号 機器番号 器物番号 計器番号 "
     "ordernumber orderno orderid trackingnumber trackingno trackingid "
     "memberid memberno membernumber customerid customerno customernumber "
     "employeeid employeeno studentid studentno serial serialno serialnumber "
     "partno partnumber partsno modelno modelnumber invoiceno invoicenumber "
     "receiptno receiptnumber requestid sessionid traceid transactionid "
     "txid userid productid itemid sku code itemcode productcode barcode "
     "version ver rev revision build commit hash timestamp time date "
     "accountid deviceid assetid caseid ticketid ticketno reservationno "
     "reservationnumber reference referenceno refno ref lot lotno batch "
     "batchno shipmentid parcelid uuid guid token key checksum size bytes "
     "pid tid port imei imsi iccid vin corporatenumber corporateid 日付 日時 "
     "時刻 数量 在庫 在庫数 単価 価格 定価 合計 小計 売上 売上高 人口 面積 "
     "利用番号 使用者番号 供託番号 認証番号 端末番号 読取番号 回線番号 "
     "荷物番号 貨物番号 運送番号 配送番号 配達番号 出荷番号 入荷番号 仕様番号 "
     "番 棚番 標本番号 試料番号 図面番号 規格番号 特許番号 出願番号 公報番号 "
     "条例番号"},
};

static int add(struct hb_words *w, const char *z, size_t n, uint8_t label);
static bool may_end(const struct hb_words *w, const uint64_t *ends,
                    const uint32_t *cp, size_t n);
static void make_bare(struct bare *b, const uint32_t *cp, size_t n);
static const struct word *longest(const struct hb_words *w,
                                  const struct bare *b);
static bool holds_my_number(const uint32_t *cp, size_t n);

int hb_words_new(struct hb_words **ret)
{
    struct hb_words *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return -ENOMEM;
    w->n = 1;
    for (size_t i = 0; i < HB_ARRAY_LEN(table); i++)
        for (const char *z = table[i].words; *z != '\0';) {
            size_t n = strcspn(z, " ");
            int r = n > 0 ? add(w, z, n, table[i].label) : 0;

            if (r < 0) {
                free(w);
                return r;
            }
            z += n + (z[n] == ' ');
        }
    *ret = w;
    return 0;
}

void hb_words_free(struct hb_words *w)
{
    free(w);
}

/* 氏名(カナ): the brackets say that it is the reading. */
static bool is_reading(const uint32_t *cp, size_t n)
{
    static const char *const words[] = {
        "(カナ", "(かな", "(フリガナ", "(ふりがな", "(ヨミ",     "(よみ",
        "(kana", "(Kana", "(読み",     "(全角カナ", "(半角カナ", "(カタカナ"};

    for (size_t i = n > LABEL ? n - LABEL : 0; i < n; i++)
        for (size_t k = 0; cp[i] == '(' && k < HB_ARRAY_LEN(words); k++)
            if (hb_letters_begin_n(cp + i, n - i, words[k], strlen(words[k])) >
                0)
                return true;
    return false;
}

enum hb_label hb_label_of(const struct hb_words *w, const uint32_t *cp,
                          size_t n, bool *ret_whole)
{
    const struct word *found;
    enum hb_label label;
    struct bare b;
    uint32_t before;

    *ret_whole = false;
    if (n > 2 && cp[n - 1] == ')' && is_reading(cp, n)) {
        *ret_whole = true;
        return HB_LABEL_READING;
    }
    if (!may_end(w, w->ends, cp, n))
        return HB_LABEL_NONE;
    make_bare(&b, cp, n);
    if (b.n == 0)
        return HB_LABEL_NONE;
    found = longest(w, &b);
    if (found == NULL)
        return holds_my_number(cp, n) ? HB_LABEL_MY_NUMBER : HB_LABEL_NONE;
    label = (enum hb_label)found->label;
    *ret_whole = found->n == b.n;
    if (label == HB_LABEL_INDEX && holds_my_number(cp, n))
        return HB_LABEL_MY_NUMBER;
    if (*ret_whole)
        return label;
    before = b.cp[b.n - found->n - 1];
    /* "受付番号" is one of its own kind, "その番号" is any. */
    if (label == HB_LABEL_INDEX && !hb_is_hiragana(before))
        label = HB_LABEL_OTHER;
    /* "計画名", "姓" within a word and the like say nothing. */
    if (found->n == 1 && !hb_is_alpha(w->pool[found->at]) &&
        label != HB_LABEL_OTHER && label != HB_LABEL_PHONE)
        label = HB_LABEL_NONE;
    if (label == HB_LABEL_NAME && hb_is_alpha(w->pool[found->at]))
        label = HB_LABEL_NAME_MAYBE;
    return label;
}

bool hb_label_may_name(const struct hb_words *w, const uint32_t *cp, size_t n)
{
    return may_end(w, w->name_ends, cp, n);
}

enum hb_label hb_label_before(const struct hb_words *w, const uint32_t *cp,
                              size_t from, size_t at)
{
    size_t end = at, begin;
    bool whole;

    /* Marks between a label and its value, and "は", "：", "(", "=". */
    while (end > from && !hb_is_word(cp[end - 1]) && cp[end - 1] != '#' &&
           strchr(",;|/", cp[end - 1] < 0x80 ? (char)cp[end - 1] : 'x') ==
               NULL &&
           cp[end - 1] != 0x3001 && cp[end - 1] != 0x3002 &&
           cp[end - 1] != 0x2121 && cp[end - 1] != 0x260e &&
           cp[end - 1] != '\t' && at - end < 12)
        end--;
    if (end > from && cp[end - 1] == 0x306f) /* は */
        end--;
    for (size_t i = 0; i < 2 && end > from && hb_is_digit(cp[end - 1]);)
        end--, i++; /* TEL1 */
    begin = end;
    while (begin > from && end - begin < LABEL - 4 && cp[begin - 1] != ',' &&
           cp[begin - 1] != ';' && cp[begin - 1] != '|' &&
           cp[begin - 1] != 0x3001 && cp[begin - 1] != 0x3002 &&
           cp[begin - 1] != '\t' && cp[begin - 1] != ':' &&
           cp[begin - 1] != '{' && cp[begin - 1] != HB_WIDE_BLANK &&
           !hb_is_digit(cp[begin - 1]))
        begin--;
    return hb_label_of(w, cp + begin, end - begin, &whole);
}

/* Whether Latin letters in any case begin with Z; blanks may be "_" or "-". */
static bool begins_latin(const uint32_t *cp, const char *z)
{
    for (size_t i = 0; *z != '\0'; z++) {
        if (*z == ' ' && (cp[i] == ' ' || cp[i] == '_' || cp[i] == '-'))
            i++;
        else if (*z != ' ' && (cp[i] | 0x20) == (uint32_t)*z)
            i++;
        else if (*z != ' ')
            return false;
    }
    return true;
}

static unsigned near_at(const uint32_t *cp)
{
    static const struct {
        const char *word;
        unsigned bit;
    } near[] = {
        {"個人番号", HB_NEAR_MY_NUMBER},
        {"マイナンバー", HB_NEAR_MY_NUMBER},
        {"通知カード", HB_NEAR_MY_NUMBER},
        {"銀行", HB_NEAR_BANK},
        {"信用金庫", HB_NEAR_BANK},
        {"信金", HB_NEAR_BANK},
        {"信用組合", HB_NEAR_BANK},
        {"信組", HB_NEAR_BANK},
        {"労働金庫", HB_NEAR_BANK},
        {"労金", HB_NEAR_BANK},
        {"農業協同組合", HB_NEAR_BANK},
        {"農協", HB_NEAR_BANK},
        {"漁協", HB_NEAR_BANK},
        {"中央金庫", HB_NEAR_BANK},
        {"金融機関", HB_NEAR_BANK},
        {"信託", HB_NEAR_BANK},
        {"支店", HB_NEAR_BRANCH},
        {"本店", HB_NEAR_BRANCH},
        {"出張所", HB_NEAR_BRANCH},
        {"営業部", HB_NEAR_BRANCH},
        {"支所", HB_NEAR_BRANCH},
        {"店番", HB_NEAR_BRANCH},
        {"普通", HB_NEAR_KIND},
        {"当座", HB_NEAR_KIND},
        {"貯蓄", HB_NEAR_KIND},
        {"口座", HB_NEAR_ACCOUNT},
        {"記号", HB_NEAR_SYMBOL},
        {"カード", HB_NEAR_CARD},
        {"クレジット", HB_NEAR_CARD},
        {"ゆうちょ", HB_NEAR_SYMBOL},
        {"郵便貯金", HB_NEAR_SYMBOL},
    };
    /* 個マカク通銀信労農漁中金支本出営店普当貯口記ゆ郵 */
    static const uint16_t firsts[] = {
        0x500b, 0x30de, 0x30ab, 0x30af, 0x901a, 0x9280, 0x4fe1, 0x52b4,
        0x8fb2, 0x6f01, 0x4e2d, 0x91d1, 0x652f, 0x672c, 0x51fa, 0x55b6,
        0x5e97, 0x666e, 0x5f53, 0x8caf, 0x53e3, 0x8a18, 0x3086, 0x90f5};
    static const struct {
        const char *word;
        unsigned bit;
    } latin[] = {
        {"my number", HB_NEAR_MY_NUMBER},
        {"individual number", HB_NEAR_MY_NUMBER},
        {"bank", HB_NEAR_BANK},
        {"card", HB_NEAR_CARD},
        {"credit", HB_NEAR_CARD},
        {"visa", HB_NEAR_CARD},
        {"jcb", HB_NEAR_CARD},
        {"amex", HB_NEAR_CARD},
        {"master", HB_NEAR_CARD},
        {"branch", HB_NEAR_BRANCH},
        {"savings", HB_NEAR_KIND},
        {"ordinary", HB_NEAR_KIND},
        {"account", HB_NEAR_ACCOUNT},
    };

    size_t first;

    if (cp[0] < 0x80) {
        if (cp[0] != 'J' && strchr("mibsoacvj", (int)(cp[0] | 0x20)) == NULL)
            return 0;
        for (size_t i = 0; i < HB_ARRAY_LEN(latin); i++)
            if (begins_latin(cp, latin[i].word))
                return latin[i].bit;
        return cp[0] == 'J' && cp[1] == 'A' && !hb_is_alpha(cp[2])
                   ? HB_NEAR_BANK
                   : 0;
    }
    for (first = 0; first < HB_ARRAY_LEN(firsts); first++)
        if (cp[0] == firsts[first])
            break;
    if (first == HB_ARRAY_LEN(firsts))
        return 0;
    for (size_t i = 0; i < HB_ARRAY_LEN(near); i++)
        if (hb_letters_begin(cp, near[i].word) > 0)
            return near[i].bit;
    return 0;
}

unsigned hb_near(const uint32_t *cp, size_t n)
{
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        if (cp[i] < 0x80) {
            if (hb_is_alpha(cp[i]) && (i == 0 || !hb_is_alpha(cp[i - 1])))
                bits |= near_at(cp + i);
        } else if (hb_is_kanji(cp[i]) || cp[i] == 0x30de || cp[i] == 0x3086 ||
                   cp[i] == 0x30ab || cp[i] == 0x30af) {
            bits |= near_at(cp + i);
        } else if (cp[i] == 0x30d5 && (i == 0 || !hb_is_word(cp[i - 1])) &&
                   !hb_is_word(cp[i + 1])) {
            bits |= HB_NEAR_KIND; /* フ */
        }
    }
    return bits;
}

static uint32_t two(uint32_t before, uint32_t last)
{
    return (before * 0x9e37u + last * 0x85ebu + (last >> 7)) % ENDS;
}

static bool has(const uint64_t *set, uint32_t bit)
{
    return set[bit / 64] >> bit % 64 & 1;
}

static bool may_end(const struct hb_words *w, const uint64_t *ends,
                    const uint32_t *cp, size_t n)
{
    uint32_t last, before;

    /* What stands further back is none of this label. */
    cp += n > LABEL ? n - LABEL : 0;
    n = HB_MIN(n, LABEL);
    while (n > 0 && (!hb_is_word(cp[n - 1]) || hb_is_digit(cp[n - 1]))) {
        uint32_t c = cp[n - 1];

        /* Brackets, and signs that are words: the long way. */
        if (c == ')' || c == ']' || c == 0x3011 || c == 0x300d || c == '#' ||
            c == 0x3012 || (c >= 0x2100 && c < 0x2700))
            return true;
        n--;
    }
    if (n == 0)
        return false;
    last = hb_is_alpha(cp[n - 1]) ? cp[n - 1] | 0x20 : cp[n - 1];
    if (has(ends, two(0, last)))
        return true;
    for (n--; n > 0 && !hb_is_word(cp[n - 1]); n--)
        ;
    before = n == 0 ? 0 : hb_is_alpha(cp[n - 1]) ? cp[n - 1] | 0x20 : cp[n - 1];
    return has(ends, two(before, last));
}

static size_t bucket(uint32_t last)
{
    return (last ^ last >> 8) % BUCKETS;
}

/* Latin words stand in the table in lower case without separators. */
static int add(struct hb_words *w, const char *z, size_t n, uint8_t label)
{
    struct word *word = &w->word[w->n];

    if (w->n == WORDS)
        return -ENOSPC;
    word->at = (uint16_t)w->pool_n;
    word->label = label;
    while (n > 0) {
        uint32_t cp;
        size_t step = hb_utf8_get(z, n, &cp);

        if (step == 0 || w->pool_n == POOL)
            return -ENOSPC;
        z += step;
        n -= step;
        if (cp == '-')
            continue;
        w->pool[w->pool_n++] = cp;
        word->n++;
    }
    {
        uint32_t last = w->pool[w->pool_n - 1];
        uint32_t bit = two(word->n > 1 ? w->pool[w->pool_n - 2] : 0, last);

        w->ends[bit / 64] |= UINT64_C(1) << bit % 64;
        if (label == HB_LABEL_NAME || label == HB_LABEL_NAME_MAYBE ||
            label == HB_LABEL_SURNAME || label == HB_LABEL_GIVEN)
            w->name_ends[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    word->next = w->head[bucket(w->pool[w->pool_n - 1])];
    w->head[bucket(w->pool[w->pool_n - 1])] = (uint16_t)w->n++;
    return 0;
}

/* Without case, separators, what stands in brackets behind it, and the
 * honorifics before it. */
static void make_bare(struct bare *b, const uint32_t *cp, size_t n)
{
    size_t from, depth = 0;
    uint32_t last = ' ';

    b->n = 0;
    from = n > LABEL ? n - LABEL : 0;
    while (from < n &&
           (cp[from] == 0x304a || cp[from] == 0x3054 || cp[from] == 0x5fa1) &&
           n - from > 2 && !hb_is_hiragana(cp[from + 1]))
        from++;
    for (size_t i = from; i < n && b->n < LABEL; i++) {
        uint32_t c = cp[i];

        if (c == '(' || c == 0x3010 || c == '[' || c == 0x300c)
            depth = b->n > 0 ? depth + 1 : 0;
        else if ((c == ')' || c == 0x3011 || c == ']' || c == 0x300d) &&
                 depth > 0)
            depth--;
        else if (depth == 0 &&
                 (hb_is_word(c) || c == '#' || c == 0x2116 || c == 0x3012 ||
                  c == 0x2121 || c == 0x260e || c == 0x260f)) {
            b->begins[b->n] = !hb_is_alpha(last) ||
                              (hb_is_alpha(c) && !(c & 0x20) && (last & 0x20));
            b->cp[b->n++] = hb_is_alpha(c) ? c | 0x20 : c;
        }
        last = c;
    }
    while (b->n > 1 && hb_is_digit(b->cp[b->n - 1]))
        b->n--;
    b->cp[b->n] = 0;
}

static const struct word *longest(const struct hb_words *w,
                                  const struct bare *b)
{
    const struct word *found = NULL;

    for (size_t i = w->head[bucket(b->cp[b->n - 1])]; i != 0;
         i = w->word[i].next) {
        const struct word *word = &w->word[i];
        size_t from;

        if (word->n > b->n || (found != NULL && word->n <= found->n))
            continue;
        from = b->n - word->n;
        if (memcmp(b->cp + from, w->pool + word->at,
                   word->n * sizeof(b->cp[0])) == 0 &&
            (!hb_is_alpha(b->cp[from]) || b->begins[from]))
            found = word;
    }
    return found;
}

/* 番号(マイナンバー): what stands in brackets too. */
static bool holds_my_number(const uint32_t *cp, size_t n)
{
    for (size_t i = n > LABEL ? n - LABEL : 0; i + 3 < n; i++)
        if (near_at(cp + i) == HB_NEAR_MY_NUMBER)
            return true;
    return false;
}

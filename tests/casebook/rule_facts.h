/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_facts.h - the facts that conditions of rules use, for tests that have
 * no case book at hand; test_rules.c compares them with casebook/facts.yaml.
 */
#ifndef HB_TESTS_CASEBOOK_RULE_FACTS_H
#define HB_TESTS_CASEBOOK_RULE_FACTS_H

#include "casebook/cond.h"

#define RULE_FLAG(name, en, ja)                                                \
    {                                                                          \
        "__" name "__", {HB_VAL_BOOLEAN, NULL, 0}, false,                      \
        {                                                                      \
            en, ja                                                             \
        }                                                                      \
    }

static const struct hb_variable rule_fact_list[] = {
    RULE_FLAG("personal_data",
              "Personal data leaked, were lost or damaged, or may have been",
              "個人データの漏えい・滅失・毀損、またはそのおそれ"),
    RULE_FLAG("malicious",
              "It was, or may have been, done with an improper purpose",
              "不正の目的をもって行われた、またはそのおそれ"),
    RULE_FLAG("sensitive_data", "Sensitive personal information is among it",
              "要配慮個人情報を含む"),
    RULE_FLAG("financial_harm_data",
              "Misuse of the data can cause financial damage",
              "不正利用により財産的被害が生じるおそれのあるデータを含む"),
    RULE_FLAG("mynumber_data",
              "Specific personal information (My Number) is among "
              "it",
              "特定個人情報(マイナンバー)を含む"),
    RULE_FLAG(
        "exempt_encryption",
        "All of it was protected by strong encryption, with the key kept apart",
        "高度な暗号化等により保護され、鍵も分離されている"),
    RULE_FLAG("entrusted_by_client",
              "The data were entrusted to us by a client",
              "委託元から取扱いの委託を受けたデータである"),
    RULE_FLAG("client_informed", "The entrusting client was told",
              "委託元に通知済みである"),
    RULE_FLAG("card_data", "Card numbers or other payment data are among it",
              "クレジットカード情報等の決済情報を含む"),
    RULE_FLAG("eu_persons", "Persons in the European Union are concerned",
              "EU 域内の個人が含まれる"),
    RULE_FLAG("listed_company", "We, or our parent company, are listed",
              "上場会社またはその子会社である"),
    RULE_FLAG("ransomware", "Ransomware was at work",
              "ランサムウェアの被害である"),
    RULE_FLAG("ddos", "A DDoS attack was at work", "DDoS 攻撃の被害である"),
    RULE_FLAG("money_sent", "Money was sent to a wrong account",
              "誤った口座へ送金した"),
    RULE_FLAG("account_hijacked", "An account of ours was taken over",
              "自組織のアカウントが乗っ取られた"),
    RULE_FLAG(
        "infringing_content",
        "Content that infringes somebody's rights is public on a platform",
        "権利を侵害する情報がプラットフォーム上で公開されている"),
    RULE_FLAG("fake_account", "An account pretends to be ours",
              "自組織になりすましたアカウントがある"),
    RULE_FLAG("fake_site",
              "A website or domain pretends to be ours or a partner's",
              "自組織または取引先をかたる偽のサイトやドメインがある"),
    RULE_FLAG("crime_suspected", "A crime is suspected", "犯罪の疑いがある"),
    RULE_FLAG("insured", "We have a cyber insurance",
              "サイバー保険に加入している"),
    RULE_FLAG(
        "public_body_extra_data",
        "Information that an ordinance adds to the sensitive ones is among it",
        "条例要配慮個人情報を含む"),
    {"__malware_name__",
     {HB_VAL_STRING, "", 0},
     false,
     {"Name of the malware, as far as known", "マルウェアの名称(判明分)"}},
    {"__persons_count__",
     {HB_VAL_INTEGER, NULL, 0},
     false,
     {"Number of persons concerned, as far as known", "本人の数(判明分)"}},
    {"__organisation_kind__",
     {HB_VAL_STRING, "company", 0},
     false,
     {"Kind of organisation: company, municipality, prefecture, "
      "board-of-education, public-school, assembly, public-hospital, "
      "private-school",
      "組織の種別("
      "企業、市区町村の首長部局、都道府県の知事部局、教育委員会、公立学校、議会"
      "、"
      "公立病院、私立学校)"}},
};
static const struct hb_variables rule_facts = {rule_fact_list,
                                               HB_ARRAY_LEN(rule_fact_list)};

#endif

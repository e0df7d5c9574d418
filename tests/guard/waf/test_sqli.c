/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sqli.c - injections that must be found, prose and code that must not,
 * and the regression tests of the OWASP CRS with the recorded verdicts of
 * ModSecurity 3.0.9 (doc/waf-differences.md has the reasons where we differ).
 */
#include "guard/waf/sqli.h"

#include "crs_values.h"

static const char *const attacks[] = {
    "' or 1=1--",
    "' or 1=1-- -",
    "' or '1'='1",
    "' or 'x'='x';#",
    "\" or \"\"=\"",
    "') or ('1'='1",
    "')) or (('1'='1'))--",
    "admin'--",
    "admin' -- ",
    "admin'#",
    "admin'/*",
    "admin' or '1'='1'/*",
    "' or true--",
    "' or 1--",
    "' or 1#",
    "'||'1'='1",
    "' && 1=1#",
    "' or 1 like 1--",
    "' or 1 in (1)--",
    "' or not 1=2--",
    "' and 1 between 0 and 2--",
    "' or name like '%",
    "' or exists(select * from users)--",
    "' or (select 1)=1--",
    "'or(1)=(1)#",
    "' and if(1=1,sleep(5),0)--",
    "' or case when 1=1 then 1 else 0 end--",
    "' AND row(1,1)>(select count(*),1)--",
    "' order by 3--",
    "1' order by 10-- -",
    "' group by id having 1=1--",
    "' having 1=1--",
    "' limit 1 offset 1--",
    "' union select 1,2,3--",
    "' union all select null,null--",
    "') union select user(),2#",
    "'/**/union/**/select/**/1,2--",
    "' UNiOn(SeLeCt 1,2)--",
    "'\nunion select 1",
    "1 union select username,password from users",
    "-1 union select 1,version(),3",
    "1) union select 1,2-- ",
    "0 union all select @@version",
    "1 or 1=1",
    "1 or 2>1",
    "1) or (1=1",
    "1 and 1=2",
    "1 and sleep(5)",
    "1 and (select 1 from users limit 1)=1",
    "1-sleep(5)",
    "1+(select 1)",
    "1; drop table users",
    "1;select pg_sleep(5)",
    "1;exec xp_cmdshell 'dir'",
    "1; exec master..xp_cmdshell 'ping 1.1.1.1'",
    "'; drop table users--",
    "'; insert into users values('a','b')--",
    "'; update users set password='x' where id=1--",
    "'; delete from users--",
    "'; exec xp_cmdshell('dir')--",
    "'; exec sp_configure 'show advanced options',1--",
    "'; shutdown--",
    "'; waitfor delay '0:0:5'--",
    "1 waitfor delay '0:0:5'--",
    "'; declare @x varchar(10); exec(@x)--",
    "';select pg_sleep(5)--",
    "'; begin dbms_lock.sleep(5); end;--",
    "' into outfile '/tmp/x'--",
    "1 into outfile '/tmp/x'",
    "' and extractvalue(1,concat(0x7e,version()))--",
    "' and updatexml(1,concat(0x7e,user()),1)--",
    "1 and extractvalue(1,concat(0x7e,version()))",
    "' and ascii(substring((select password from users limit 1),1,1))>64--",
    "' and 1=convert(int,@@version)--",
    "' and 1=cast((select version()) as int)--",
    "'+(select 1)+'",
    "'||(select password from users)||'",
    "' or sleep(5)='",
    "'=sleep(5)='",
    "'='",
    "' or ''='",
    "' xor 1=1--",
    "' or 0x31=0x31--",
    "' or char(49)=char(49)--",
    "'||utl_http.request('http://x/')||'",
    "' and 1=utl_inaddr.get_host_address('x')--",
    "' or 1=1 limit 1--",
    "1 or '1'='1'",
    "1' or 1=1 or ''='",
    "1' and '1'='2",
    "x' and 1=(select count(*) from tabname); --",
    "x' and userid is null; --",
    "x' or full_name like '%bob%",
    "1 procedure analyse()",
    "1 rlike (select (case when (1=1) then 1 else 0x28 end))",
    "1 or 1=1 --",
    "1--x\nor 1=1",
    "(select(0)from(select(sleep(5)))v)",
    "if(now()=sysdate(),sleep(5),0)",
    "sleep(5)",
    "select sleep(5)",
    "select * from users where id=1",
    "select version()",
    "select @@version",
    "select load_file('/etc/passwd')",
    "benchmark(1000000,md5(1))",
    "' or benchmark(1000000,md5(1))#",
    "1 div 0 or 1=1",
    "1*1 or 1=1",
    "1 or pg_sleep(5)",
    "1 or (1)=(1)",
    "id=1 or 1=1",
    "1/**/or/**/1=1",
    "1 /*!50000or*/ 1=1",
    "1 /*!or*/ 1=1",
    "' or @@version>1--",
    "1 or @@version",
    "1 and @@version>1",
    "1' and substr(version(),1,1)='5",
    "\" and \"1\"=\"1",
    "\" union select 1--",
    "\"; drop table x;--",
    "\";waitfor delay '0:0:5'--",
    "1 and 1=1",
    "1' and 1=(select count(*) from tablenames); --",
    "a' or 3=3--",
    "a') or 3=3--",
    "hi' or 'a'='a",
    "hi\" or 1=1 --",
    "')+select+1",
    "',(select user),'",
    "-1' or 3*2*1=6 and 000=000--",
    "1'||dbms_pipe.receive_message(chr(98),15)||'",
    "1 and 1=(case when 1=1 then 1 else 2 end)",
    "1' rlike sleep(5)#",
    "1' and (select 5 from (select "
    "count(*),concat(version(),floor(rand(0)*2))x from "
    "information_schema.tables group by x)a)--",
};

/* The forms that tools for attackers try one after another, written later
 * than the shapes. */
static const char *const variants[] = {
    "1 AND 2345=2345",
    "1' AND 2345=2345 AND 'abcd'='abcd",
    "1\" AND 2345=2345 AND \"abcd\"=\"abcd",
    "1) AND 2345=2345 AND (12=12",
    "1')) AND 2345=2345 AND (('abcd'='abcd",
    "1 AND (SELECT 1234 FROM(SELECT COUNT(*),CONCAT(0x71,(SELECT "
    "(ELT(1=1,1))),0x71,FLOOR(RAND(0)*2))x FROM INFORMATION_SCHEMA.PLUGINS "
    "GROUP BY x)a)",
    "1' AND 1234=CAST((CHR(113))||(SELECT 1)::text||(CHR(113)) AS NUMERIC) AND "
    "'a'='a",
    "1 AND 1234 IN (SELECT (CHAR(113)+CHAR(113)))",
    "1' AND 1234=(SELECT UPPER(XMLType(CHR(60))) FROM DUAL) AND 'a'='a",
    "(SELECT CONCAT(0x71,(SELECT (ELT(1=1,1))),0x71))",
    "1;SELECT SLEEP(5)#",
    "1';SELECT PG_SLEEP(5)--",
    "1;WAITFOR DELAY '0:0:5'--",
    "1';WAITFOR DELAY '0:0:5'--",
    "1' AND SLEEP(5) AND 'a'='a",
    "1 AND 1234=(SELECT 1234 FROM PG_SLEEP(5))",
    "1 UNION ALL SELECT NULL,NULL,NULL-- -",
    "-1234 UNION ALL SELECT 1,2,CONCAT(0x71,0x41,0x71)#",
    "1' UNION ALL SELECT NULL,CHAR(113)+CHAR(113)--",
    "1') ORDER BY 1-- abcd",
    "1 ORDER BY 1-- abcd",
    "1 PROCEDURE ANALYSE(EXTRACTVALUE(1,CONCAT(0x5c,1)),1)",
    "1 RLIKE (SELECT (CASE WHEN (1=1) THEN 1 ELSE 0x28 END))",
    "1' RLIKE (SELECT (CASE WHEN (1=1) THEN 1 ELSE 0x28 END)) AND 'a'='a",
    "1%' AND 1=1 AND '%'='",
    "1 OR 1=1 LIMIT 1",
    "1 OR NOT 1=1",
    "1' OR NOT 1=1-- x",
    "1 AND ORD(MID((SELECT user()),1,1))>64",
    "1 AND ASCII(SUBSTRING((SELECT version()),1,1))>64",
    "1'/**/AND/**/1=1/**/AND/**/'a'='a",
    "1'\tAND\t1=1",
    "1 AND 1=1--",
    "1 AND MAKE_SET(1=1,1)",
    "1 AND ELT(1=1,1)",
    "1 AND EXP(~(SELECT * FROM (SELECT 1)x))",
    "1 AND GTID_SUBSET(CONCAT(1,1),1)",
    "1 AND JSON_KEYS((SELECT CONVERT((SELECT 1) USING utf8)))",
    "1 AND ROW(1,2)>(SELECT COUNT(*),1)",
    "' AND (SELECT 1 FROM (SELECT(SLEEP(5)))a) AND 'a'='a",
    "1 OR (SELECT 1 FROM (SELECT(SLEEP(5)))a)",
    "1,(SELECT 1 FROM (SELECT(SLEEP(5)))a)",
    "id,(SELECT (CASE WHEN (1=1) THEN 1 ELSE 2 END))",
    "(CASE WHEN (1=1) THEN SLEEP(5) ELSE 1 END)",
    "IF(1=1,SLEEP(5),0)",
    "1 AND IF(1=1,SLEEP(5),0)",
    "1'||(SELECT 'a' WHERE 1=1)||'",
    "1'+(SELECT CHAR(97))+'",
    "test'||sleep(5)||'",
    "x' AND email IS NULL; --",
    "x'; DROP TABLE members; --",
    "1 AND EXISTS(SELECT * FROM users)",
    "1'; EXEC master.dbo.xp_cmdshell 'whoami'--",
    "1 OR 'unusual' = 'unusual'",
    "1 OR 'something' LIKE 'some%'",
    "1 OR 2 BETWEEN 1 AND 3",
    "1' OR 'a' IN ('a')--",
    "\" OR 1=1 OR \"\"=\"",
    "' OR 'x'<>'y",
    "' OR 2>1 --",
    "' OR ''||'1'='1",
    "' or 1=1 or ''='",
    "admin\" or \"1\"=\"1\"#",
    "admin') or '1'='1'--",
    "1 and(select(1))",
    "1 and(1)=(1)",
    "1 or/**/1=1",
    "1||1=1",
    "1&&1=1",
    "1 or@a:=1",
    "1 or true=true",
    "'or'1'='1",
    "'or 1=1;",
    "'=0--+",
    "'<>'x",
    "' or 3 is not null--",
    "'or(select*from(select sleep(5))a)or'",
    "0' div 1 or '1'='1",
    "1 or~0=~0",
    "1.0 or 1=1",
    ".1 or 1=1",
    "1e0union select 1,2",
    "1 union(select 1,2)",
    "1 union values(1,2)",
    "1 union distinct select 1,2",
    "1'union select 1,load_file('/etc/passwd')'",
    "1 into dumpfile '/tmp/a'",
    "1';insert into a values(1)--",
    "1';update a set b=1--",
    "1;truncate table a",
    "1;alter table a add b int",
    "1;create table a(b int)",
    "1;grant all on *.* to a",
    "1';copy a from program 'id'--",
    "1;call proc()",
    "1;set @a=0x01;prepare b from @a;execute b",
    "' and updatexml(null,concat(0x0a,version()),null)-- -",
    "1 and 1=dbms_pipe.receive_message('a',5)",
    "1'||utl_inaddr.get_host_name((select 1 from dual))||'",
};

/* What alone is no sign: a bare name, a quoted word, half a statement. */
static const char *const no_attacks[] = {
    "'-'",
    "1 --x",
    "(select 1)",
    "1'1",
    "' or a=a--",
    "x'-email--",
    "' or xyz!",
    "user'collate nocase--",
    "1=1",
    "11=1",
    "' waitfor delay '",
    "; sleep(0)",
    "exec xp_cmdshell",
    "union select",
    "sleep(",
    "SELECT",
    "--",
    "'",
    "''",
    "\"",
    "`",
    "'#",
    "/*",
    "/*!",
    "@",
    "@@",
    "$$",
    "$a$",
    "0x",
    "0b",
    "1.",
    "1.e",
    "[",
    "\\\\",
    "\\\\'",
};

static const char *const expensive[] = {
    "1+",       "(",     ")",    "a.",  "''",        "'\\",  "/**/",
    "/*",       "/*!or", "--\n", "#\n", "--a\n",     "`",    "[",
    "$a$ $b$ ", "$1",    "@",    "-",   "select ",   "(1)",  "1.",
    "0x1+",     "::a",   "*/",   "\n",  "' or ",     "\"'",  "a ",
    "=",        "not ",  "\x80", ". ",  "a.b*",      "1 /*", "order by ",
    "'a' ",     "*/*",   "|| ",  "$$",  "union all "};

static void test_attacks(void **state)
{
    char why[HB_WAF_WHY];

    for (size_t i = 0; i < HB_ARRAY_LEN(attacks); i++) {
        why[0] = '\0';
        if (!hb_waf_sqli(hb_slice_z(attacks[i]), why))
            fail_msg("not found: %s", attacks[i]);
        assert_true(why[1] == ':' && strlen(why) > 2);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(variants); i++)
        if (!hb_waf_sqli(hb_slice_z(variants[i]), why))
            fail_msg("not found: %s", variants[i]);
    print_message("# %zu and %zu injections found\n", HB_ARRAY_LEN(attacks),
                  HB_ARRAY_LEN(variants));
}

static void test_no_attacks(void **state)
{
    char why[HB_WAF_WHY] = "same";

    for (size_t i = 0; i < HB_ARRAY_LEN(no_attacks); i++)
        if (hb_waf_sqli(hb_slice_z(no_attacks[i]), why))
            fail_msg("found: %s (%s)", no_attacks[i], why);
    assert_false(hb_waf_sqli(hb_slice(NULL, 0), why));
    assert_string_equal(why, "same");
}

static void test_why(void **state)
{
    static const struct {
        const char *value, *why;
    } rows[] = {
        {"1 or 1=1", "n:1&1=1"},
        {"x' or '1'='1", "':s&s=s"},
        {"x\" and sleep(1)#", "\":s&x(1)o"},
        {"1+2*3-4 or (2)=((2))", "n:1&1=1"},
        {"1 union all select a.b.c, 'x' 'y' from t", "n:1USn,sFn"},
        {"x' order by 1-- -", "':sB1c"},
        {"1;select pg_sleep(1)", "n:1;Sx(1)"},
    };
    char why[HB_WAF_WHY];

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        assert_true(hb_waf_sqli(hb_slice_z(rows[i].value), why));
        assert_string_equal(why, rows[i].why);
    }
}

static void test_benign_before(void **state)
{
    benign(hb_waf_sqli, "942100", "benign_before.txt");
}

static void test_benign_after(void **state)
{
    benign(hb_waf_sqli, "942100", "benign_after.txt");
}

static void test_units(void **state)
{
    if (crs_data() == NULL)
        hb_tap_skip("the unit tests are not here");
    unit_tests(hb_waf_sqli, "detectSQLi");
}

/* The floors are what was reached: a change that loses some is seen. */
static void test_crs(void **state)
{
    struct tally t;

    if (crs_data() == NULL)
        hb_tap_skip("the regression tests of the CRS are not here");
    t = crs_run(hb_waf_sqli, "942100", crs_data());
    crs_report("942100", &t);
    assert_int_equal(t.own_good, t.own);
    assert_true(t.more <= 5 && t.less <= 27);
    t = crs_run(hb_waf_sqli, "942101", crs_data());
    crs_report("942101", &t);
    assert_int_equal(t.own_good, t.own);
    assert_true(t.more <= 1 && t.less == 0);
}

/* What hides behind more tokens than are read is taken for what it is; a line
 * of dashes is not. */
static void test_padded(void **state)
{
    static const struct {
        const char *head, *piece, *tail;
        bool found;
    } rows[] = {
        {"1", "+1", " or 1=1", true},
        {"1 or ", "(", "1=1", true},
        {"x' or ", "not ", "1=1--", true},
        {"x'", "- ", "1 or 1=1--", true},
        {"a title ", "- ", "text", false},
        {"It's so ", "= ", "text", false},
        {"", "*", "", false},
        {"1,2", ",3", "", false},
        {"1", " 1", " or 1=1", false},
    };
    struct hb_buf b = HB_BUF_INIT;
    char why[HB_WAF_WHY];

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        hb_buf_reset(&b);
        hb_buf_addz(&b, rows[i].head);
        for (size_t k = 0; k < 20000; k++)
            hb_buf_addz(&b, rows[i].piece);
        hb_buf_addz(&b, rows[i].tail);
        if (hb_waf_sqli(hb_buf_slice(&b), why) != rows[i].found)
            fail_msg("%s%s...", rows[i].head, rows[i].piece);
    }
    hb_buf_done(&b);
}

static void test_pieces(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(attacks); i++)
        pieces_of(hb_waf_sqli, hb_slice_z(attacks[i]));
}

static void test_costs(void **state)
{
    costs(hb_waf_sqli, expensive, HB_ARRAY_LEN(expensive));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_no_attacks),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_benign_before),
        cmocka_unit_test(test_benign_after),
        cmocka_unit_test(test_crs),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_padded),
        cmocka_unit_test(test_costs),
    };

    return hb_tap_run("guard/waf/sqli", tests);
}

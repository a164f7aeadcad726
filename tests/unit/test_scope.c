/* One notebook, one scope: what cells leave to each other, what they show, how they fail. */
#define _GNU_SOURCE
#include "test.h"

#include "base/cancel.h"
#include "base/text.h"
#include "lua/edge.h"
#include "notebook/scope.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pn_text shown;

static void take(void *context, int count, const char *const *mime, const char *const *data,
                 const size_t *size) {
    (void)context, (void)mime;
    pn_text_add(&shown, data[count - 1], size[count - 1]);
    pn_text_addc(&shown, '|');
}

static void ignore_remark(void *context, const char *kind, const char *text) {
    (void)context, (void)kind, (void)text;
}

static void ignore_progress(void *context, const char *what, int64_t done, int64_t total) {
    (void)context, (void)what, (void)done, (void)total;
}

static const char *const wants[] = {"text/plain", NULL};
static const pn_lua_sink sink = {
    .wants = wants, .show = take, .remark = ignore_remark, .progress = ignore_progress};

static lua_State *start(void) {
    lua_State *L = luaL_newstate();
    pn_scope_open(L);
    pn_lua_sink_set(&sink);
    pn_text_free(&shown);
    return L;
}

/* Runs cells that stand on lines 10, 20, ... and must all go well; returns what they showed. */
static const char *run(const char *const *cells) {
    lua_State *L = start();
    for (int i = 0; cells[i]; i++) {
        pn_scope_error error;
        if (pn_scope_run(L, "nb.md", 10 * (i + 1), cells[i], strlen(cells[i]), &error) != 0)
            fail_msg("cell %d: %s", i + 1, error.message);
    }
    lua_close(L);
    return pn_text_string(&shown);
}

/* As above, but the last cell must fail; returns its message. */
static char *fails(const char *const *cells) {
    static char message[1024];
    lua_State *L = start();
    pn_scope_error error = {0};
    for (int i = 0; cells[i]; i++) {
        if (error.message) fail_msg("cell %d: %s", i, error.message);
        pn_scope_run(L, "nb.md", 10 * (i + 1), cells[i], strlen(cells[i]), &error);
    }
    lua_close(L);
    assert_non_null(error.message);
    snprintf(message, sizeof message, "%s", error.message);
    pn_scope_error_free(&error);
    return message;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})
#define FAILS(...) fails((const char *const[]){__VA_ARGS__, NULL})

static void locals_outlive_their_cell(void **state) {
    (void)state;
    assert_string_equal(RUN("local x = 1", "x = x + 1", "x"), "2|");
    assert_string_equal(RUN("local a, b = 1", "a, b"), "1|");
    assert_string_equal(
        RUN("local function f(n) return n < 2 and n or f(n-1) + f(n-2) end", "f(10)"), "55|");
    assert_string_equal(RUN("local x <const> = 7\nlocal t <const> = {8}", "x + t[1]"), "15|");
    assert_string_equal(RUN("local x = 1 local y = x + 1; local z = y", "x + y + z"), "5|");
}

static void closures_share_variables(void **state) {
    (void)state;
    assert_string_equal(RUN("local n = 0\nlocal function up() n = n + 1 return n end",
                            "up() local m = up()", "n = n + 10", "up()"),
                        "13|");
    assert_string_equal(
        RUN("local x = 1\nlocal function get() return x end", "local x = 2", "get() * 10 + x"),
        "12|");
    assert_string_equal(RUN("local x = 1 local x = x + 1", "x"), "2|");
    assert_string_equal(RUN("local x = 1 do local x = 5 end", "x"), "1|");
}

static void loops_by_goto(void **state) {
    (void)state;
    assert_string_equal(RUN("local n = 0 ::again:: local m = n * 2 n = n + 1 "
                            "if n < 4 then goto again end",
                            "n * 100 + m"),
                        "406|");
    assert_string_equal(RUN("if true then goto done end\nlocal x = 1\n::done::", "::done:: 3"),
                        "3|");
}

static void last_expressions_are_shown(void **state) {
    (void)state;
    assert_string_equal(RUN("1 + 1"), "2|");
    assert_string_equal(RUN("'a', 'b'"), "a|b|");
    assert_string_equal(RUN("return 5"), "5|");
    assert_string_equal(RUN("nil"), "");
    assert_string_equal(RUN("local t = {1, 2}", "#t -- how many\n"), "2|");
    assert_string_equal(RUN("local t = {f = function(s, x) return x end}", "t:f{3}[1];"), "3|");
    assert_string_equal(RUN("(function() return 4 end)()"), "4|");
    assert_string_equal(RUN("x = 3"), "");
    assert_string_equal(RUN("function f() return 9 end", "f()"), "9|");
    assert_string_equal(RUN("not true"), "false|");
    assert_string_equal(RUN("[==[\n]]]==]"), "]]|");
    assert_string_equal(RUN("0x.8p1 --[[ ]] + 1 --[==[ x ]==]"), "2.0|");
    assert_string_equal(RUN(""), "");
    assert_string_equal(RUN("-- nothing"), "");
}

static void what_was_assigned_before_an_error_survives(void **state) {
    (void)state;
    lua_State *L = start();
    pn_scope_error error;
    const char *bad = "local x = 1\nx = 2\nlocal y = x + nothing.at_all\nx = 3";
    assert_int_equal(pn_scope_run(L, "nb.md", 5, bad, strlen(bad), &error), -1);
    assert_int_equal(error.line, 7);
    assert_string_equal(error.message, "nb.md:7: 'nothing' is not defined");
    assert_string_equal(error.traceback, "nb.md:7");
    pn_scope_error_free(&error);
    assert_int_equal(pn_scope_run(L, "nb.md", 9, "x", 1, &error), 0);
    assert_string_equal(pn_text_string(&shown), "2|");
    lua_close(L);
}

static void messages_have_the_right_line(void **state) {
    (void)state;
    assert_string_equal(FAILS("local x <const> = 1", "\nx = 2"),
                        "nb.md:21: attempt to assign to const variable 'x'");
    assert_string_equal(FAILS("\n\nlocal = 1"), "nb.md:12: <name> expected near '='");
    assert_string_equal(FAILS("if true then"), "nb.md:10: 'end' expected near <eof>");
    assert_string_equal(FAILS("end"), "nb.md:10: <eof> expected near 'end'");
    assert_string_equal(FAILS("local s = \"open"), "nb.md:10: unfinished string near <eof>");
    assert_string_equal(FAILS("local t\n\nt.x = 1"),
                        "nb.md:12: attempt to index a nil value (local 't')");
    assert_string_equal(FAILS("local f = function()\n error('no') end", "f()"), "nb.md:11: no");
    assert_string_equal(FAILS("error({})"), "nb.md:10: (error object is a table value)");
    assert_string_equal(FAILS("\ncoroutine.wrap(function()\n error('in') end)()"),
                        "nb.md:11: nb.md:12: in");
    assert_string_equal(FAILS("\nstring.rep()"), "nb.md:11: bad argument #1 to 'rep' (string "
                                                 "expected, got no value)");
    assert_non_null(strstr(FAILS("local function f() return f() + 1 end f()"), "stack overflow"));
}

static void undefined_names_are_errors(void **state) {
    (void)state;
    assert_string_equal(FAILS("prnt(1)"), "nb.md:10: 'prnt' is not defined; did you mean 'print'?");
    assert_string_equal(FAILS("local epochs = 3", "epoch"),
                        "nb.md:20: 'epoch' is not defined; did you mean 'epochs'?");
    assert_string_equal(FAILS("None"), "nb.md:10: 'None' is not defined; in Lua that is nil");
    assert_string_equal(RUN("rawget(_G, 'zzz') == nil"), "true|");
    assert_string_equal(RUN("x = 1", "_G.x", "load('return math.pi > 3')()"), "1|true|");
}

static void plain_tables_are_shown_by_what_is_in_them(void **state) {
    (void)state;
    assert_string_equal(RUN("{3, 2}", "{}", "{'a', b = {1.5}, [0] = true}"),
                        "{3, 2}|{}|{\"a\", [0] = true, b = {1.5}}|");
    assert_string_equal(RUN("tensor.zeros{2, 3}.shape", "{tensor.zeros{2, 3}}"),
                        "{2, 3}|{float32 (2, 3)}|");
    assert_string_equal(RUN("local t = {1} t.me = t", "t"), "{1, me = {1, me = {1, me = {...}}}}|");
    assert_non_null(strstr(RUN("local t = {} for i = 1, 100 do t[i] = i end", "t"),
                           "39, 40, ... 100 in all}|"));
    assert_string_equal(RUN("setmetatable({}, {__tostring = function() return 'me' end})"), "me|");
}

static void python_gets_a_hint(void **state) {
    (void)state;
    static const struct {
        const char *cell, *hint;
    } cases[] = {
        {"for i in range(10):\n  print(i)", "(in Lua: for i = 1, n do ... end"},
        {"import numpy as np", "(in Lua: tensor, image"},
        {"local x = 1\nx += 1", "(in Lua: x = x + 1)"},
        {"if x != 1 then end", "(in Lua: not equal is ~=)"},
        {"x = [1, 2]", "(in Lua: a list is written {1, 2, 3})"},
        {"# comment\nx = 1", "(in Lua: a comment begins with --)"},
        {"def f(x):\n  return x", "(in Lua: local function"},
        {"print(1, sep=2)", "(in Lua: options go in braces: f{x, name = value})"},
        {"print('x', end='')", "(in Lua: print ends its line, io.write(text) does not)"},
        {"x = (3, 3)", "(in Lua: a list or a shape is written {1, 2, 3})"},
        {"x = print[1, 2]", "(in Lua: x[{1, 2}] is an item"},
        {"x = print[1:2]", "(in Lua: a slice is x[{{1, 2}}]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_non_null(strstr(FAILS(cases[i].cell), cases[i].hint));
    assert_null(strstr(FAILS("local = 1"), "in Lua"));
    assert_non_null(strstr(FAILS("local n = 3", "print(f\"{n} images\")"),
                           "'f' is not defined; in Lua that is (\"%d of %s\"):format(n, name)"));
    assert_non_null(strstr(FAILS("help(nn.Conv2D)"),
                           "'help' is not defined; nn.Conv2D{32, 3, help = 1}, like any"));
    assert_non_null(strstr(FAILS("nn.LSTM{8}"), "nn has no 'LSTM'; it has: AUC, Activation, "));
    assert_non_null(strstr(FAILS("plot.imshow(x)"), "in Lua that is plot.image{img}"));
    assert_non_null(strstr(FAILS("print 1"), "near '1'"));
}

static void close_ends_with_its_cell(void **state) {
    (void)state;
    assert_string_equal(RUN("log = {} local c <close> = setmetatable({}, {__close = function() "
                            "log[1] = 'shut' end})",
                            "log[1]"),
                        "shut|");
    assert_non_null(
        strstr(FAILS("local c <close> = setmetatable({}, {__close = function() end})", "c"),
               "'c' is not defined"));
}

static void more_than_200_locals_in_all(void **state) {
    (void)state;
    pn_text first = {0}, second = {0}, sum = {0};
    pn_text_adds(&sum, "local function all() return 0");
    for (int i = 0; i < 150; i++) {
        pn_text_addf(&first, "local a%d = %d\n", i, i);
        pn_text_addf(&second, "local b%d <const> = %d\n", i, i);
    }
    for (int i = 0; i < 150; i++) pn_text_addf(&sum, " + a%d + b%d", i, i);
    pn_text_adds(&sum, " end\na149 = 1000");
    assert_string_equal(RUN(first.data, second.data, sum.data, "a149"), "1000|");
    pn_text_adds(&sum, " return all()");
    assert_string_equal(RUN(first.data, second.data, sum.data), "23201|");
    pn_text_free(&first), pn_text_free(&second), pn_text_free(&sum);
}

#ifndef __SANITIZE_THREAD__
static void *interrupt_soon(void *main_thread) {
    usleep(100000);
    pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
    return NULL;
}

static void on_signal(int number) {
    (void)number;
    pn_scope_interrupt(PN_CANCEL_INTERRUPT);
}

static void interrupts_reach_everything(void **state) {
    (void)state;
    static const char *const loops[] = {
        "\nwhile true do end",
        "while true do\n pcall(function() while true do end end) end",
        "coroutine.wrap(function()\n while true do end end)()",
        "local co = coroutine.create(function() while true do pcall(coroutine.yield) end end)\n"
        "while true do coroutine.resume(co) end",
        "coroutine.wrap(function() coroutine.wrap(function() while true do\n"
        " xpcall(function() while true do end end, print) end end)() end)()",
    };
    signal(SIGUSR1, on_signal);
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        lua_State *L = start();
        pthread_t self = pthread_self(), other;
        pthread_create(&other, NULL, interrupt_soon, &self);
        pn_scope_error error;
        assert_int_equal(pn_scope_run(L, "nb.md", 3, loops[i], strlen(loops[i]), &error), -1);
        pthread_join(other, NULL);
        assert_non_null(strstr(error.message, "interrupted"));
        assert_true(error.line == 3 || error.line == 4);
        assert_int_equal(error.cancelled, PN_CANCEL_INTERRUPT);
        pn_scope_error_free(&error);
        pn_cancel_reset();
        assert_int_equal(pn_scope_run(L, "nb.md", 9, "1 + 1", 5, &error), 0);
        lua_close(L);
    }
}

#endif

/* Sets a parameter of "local n = 5 flag = true local s = 'a' local t = {1} local c <const> = 1". */
static const char *set(const char *name, const char *value, const char *then) {
    static char result[1024];
    lua_State *L = start();
    const char *cell =
        "local n = 5\nflag = true\nlocal s = 'a\"b'\nlocal t = {1, k = 'v'}\nlocal c <const> = 1";
    pn_scope_error error;
    assert_int_equal(pn_scope_run(L, "nb.md", 1, cell, strlen(cell), &error), 0);
    if (pn_scope_set_parameter(L, name, value, &error) != 0) {
        snprintf(result, sizeof result, "%s", error.message);
        pn_scope_error_free(&error);
    } else {
        assert_int_equal(pn_scope_run(L, "nb.md", 9, then, strlen(then), &error), 0);
        snprintf(result, sizeof result, "%s", pn_text_string(&shown));
    }
    lua_close(L);
    return result;
}

static void parameters_are_overridden_by_type(void **state) {
    (void)state;
    assert_string_equal(set("n", "0x10", "n + 1"), "17|");
    assert_string_equal(set("flag", "false", "flag"), "false|");
    assert_string_equal(set("s", "it's", "s"), "it's|");
    assert_string_equal(set("t", "{2, 3}", "#t"), "2|");
    assert_string_equal(set("n", "five", ""), "parameter 'n' must be a number, not 'five'");
    assert_string_equal(set("flag", "1", ""), "parameter 'flag' must be true or false, not '1'");
    assert_string_equal(set("flog", "1", ""), "the notebook has no parameter 'flog'; did you mean "
                                              "'flag'? It has: n, flag, s, t, c");
    assert_string_equal(set("c", "2", ""), "parameter 'c' is <const> and cannot be set");
    assert_non_null(strstr(set("t", "os.exit()", ""), "must be a Lua value"));
}

static void variables_are_listed_in_order(void **state) {
    (void)state;
    lua_State *L = start();
    const char *cell = "local dir = 'a\\n'\nepochs, rate = 3, 0.5\nlocal t = {1, {2}, x = true}";
    pn_scope_error error;
    assert_int_equal(pn_scope_run(L, "nb.md", 1, cell, strlen(cell), &error), 0);
    size_t count;
    char **lines = pn_scope_variables(L, &count);
    assert_int_equal(count, 4);
    assert_string_equal(lines[0], "dir = \"a\\n\"");
    assert_string_equal(lines[1], "epochs = 3");
    assert_string_equal(lines[2], "rate = 0.5");
    assert_string_equal(lines[3], "t = {1, {2}, x = true}");
    for (size_t i = 0; i < count; i++) free(lines[i]);
    free(lines);
    lua_close(L);
}

static int tear_down(void **state) {
    (void)state;
    pn_text_free(&shown);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locals_outlive_their_cell),
        cmocka_unit_test(closures_share_variables),
        cmocka_unit_test(loops_by_goto),
        cmocka_unit_test(last_expressions_are_shown),
        cmocka_unit_test(what_was_assigned_before_an_error_survives),
        cmocka_unit_test(messages_have_the_right_line),
        cmocka_unit_test(undefined_names_are_errors),
        cmocka_unit_test(plain_tables_are_shown_by_what_is_in_them),
        cmocka_unit_test(python_gets_a_hint),
        cmocka_unit_test(close_ends_with_its_cell),
        cmocka_unit_test(more_than_200_locals_in_all),
#ifndef __SANITIZE_THREAD__ /* it holds signals back until the next system call */
        cmocka_unit_test(interrupts_reach_everything),
#endif
        cmocka_unit_test(parameters_are_overridden_by_type),
        cmocka_unit_test(variables_are_listed_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}

-- frame: tables with ordered columns.
local lu = require "luaunit"
local pneuma = require "pneuma"
local frame = pneuma.frame

local function sample()
  return frame{{"split", {"train", "train", "val", "val"}}, {"class", {"N", "P", "N", "P"}},
               {"count", {1341, 3875, 8, 8}}, {"share", {0.25, 0.75, 0.5, 0.5}}}
end

local function refuses(part, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), part)
end

function test_columns_keep_their_order()
  local f = sample()
  lu.assertEquals(f:columns(), {"split", "class", "count", "share"})
  lu.assertEquals(#f, 4)
  lu.assertEquals(f.count, {1341, 3875, 8, 8})
  lu.assertEquals(f:column("class")[2], "P")
  lu.assertEquals(f:row(3), {split = "val", class = "N", count = 8, share = 0.5})
  lu.assertTrue(frame.is(f))
  lu.assertFalse(frame.is{})
end

function test_rows_make_a_frame()
  local f = frame{columns = {"a", "b"}, {1, "x"}, {2, "y"}}
  lu.assertEquals(f.a, {1, 2})
  lu.assertEquals(f.b, {"x", "y"})
  lu.assertEquals(#frame{columns = {"a"}}, 0)
  local seen = {}
  for i, row in f:rows() do seen[i] = row.b end
  lu.assertEquals(seen, {"x", "y"})
end

-- A frame owns its columns: later changes of the caller's array do not reach it.
function test_columns_are_copies()
  local list = {1, 2}
  local f = frame{{"a", list}}
  list[1] = 9
  lu.assertEquals(f.a, {1, 2})
end

function test_a_column_may_have_a_methods_name()
  local f = frame{{"head", {1, 2}}, {"filter", {3, 4}}}
  lu.assertEquals(f.head, {1, 2})
  lu.assertEquals(f:column("filter"), {3, 4})
end

function test_text_lines_up()
  lu.assertEquals(tostring(sample()), table.concat({
    "split  class  count  share",
    "train  N       1341   0.25",
    "train  P       3875   0.75",
    "val    N          8   0.50",
    "val    P          8   0.50"}, "\n"))
  lu.assertEquals(tostring(frame{{"é", {1.0, 2.5}}, {"n", {0 / 0, 1 / 0}}}),
                  "  é    n\n1.0  NaN\n2.5  inf")
  lu.assertStrContains(tostring(frame{{"a", {}}}), "[0 rows x 1 column]")
end

function test_long_frames_show_their_ends()
  local list = {}
  for i = 1, 1000 do list[i] = i end
  local text = tostring(frame{{"i", list}})
  lu.assertStrContains(text, "[1000 rows x 1 column]")
  lu.assertStrContains(text, "1000")
  lu.assertNil(text:find("500", 1, true))
  lu.assertEquals(select(2, text:gsub("\n", "")), 12)
end

function test_html_is_escaped()
  local f = frame{{"<a>", {"<script>&\""}}, {"n", {3}}}
  local html = getmetatable(f).__mime["text/html"](f)
  lu.assertStrContains(html, '<table class="pn-frame">')
  lu.assertStrContains(html, "&lt;script&gt;&amp;&quot;")
  lu.assertStrContains(html, "&lt;a&gt;")
  lu.assertNil(html:find("<script", 1, true))
  lu.assertStrContains(html, 'style="text-align:right">3</td>')
end

function test_select_filter_sort_head_tail()
  local f = sample()
  lu.assertEquals(f:select{"count", "split"}:columns(), {"count", "split"})
  lu.assertEquals(f:filter(function(r) return r.count > 8 end).class, {"N", "P"})
  lu.assertEquals(f:sort{by = "count", descending = true}.count, {3875, 1341, 8, 8})
  lu.assertEquals(f:sort("count").class, {"N", "P", "N", "P"}) -- equal rows keep their order
  lu.assertEquals(f:sort{by = {"class", "count"}}.count, {8, 1341, 8, 3875})
  lu.assertEquals(#f:head(2), 2)
  lu.assertEquals(f:tail(1).share, {0.5})
  lu.assertEquals(#f:head(99), 4)
  lu.assertEquals(frame{{"a", {2, 0 / 0, 1}}}:sort("a").a[1], 1)
end

function test_add_and_map()
  local f = sample():add("double", function(row) return 2 * row.count end)
  lu.assertEquals(f.double, {2682, 7750, 16, 16})
  f.flag = {true, false, true, false}
  lu.assertEquals(f:columns()[6], "flag")
  local g = f:map("class", function(c) return c:lower() end)
  lu.assertEquals(g.class, {"n", "p", "n", "p"})
  lu.assertEquals(f.class, {"N", "P", "N", "P"})
  lu.assertEquals(f:columns(), g:columns())
end

function test_groupby()
  local g = sample():groupby{"class", images = {"sum", "count"}, n = "count",
                             share = {"mean", "share"},
                             both = {function(list) return table.concat(list, "+") end, "split"}}
  lu.assertEquals(g:columns(), {"class", "both", "images", "n", "share"})
  lu.assertEquals(g.class, {"N", "P"})
  lu.assertEquals(g.images, {1349, 3883})
  lu.assertEquals(g.n, {2, 2})
  lu.assertEquals(g.share, {0.375, 0.625})
  lu.assertEquals(g.both, {"train+val", "train+val"})
  -- the same text as number and as string are two groups
  lu.assertEquals(#frame{{"k", {1, "1"}}}:groupby{"k"}, 2)
end

-- pandas.Series([1, 2, 3, 4]).describe()
function test_describe()
  local d = frame{{"x", {1, 2, 3, 4}}, {"name", {"a", "b", "c", "d"}}}:describe()
  lu.assertEquals(d:columns(), {"", "x"})
  local expected = {4, 2.5, 1.2909944487358056, 1, 1.75, 2.5, 3.25, 4}
  for i, v in ipairs(expected) do lu.assertAlmostEquals(d.x[i], v, 1e-12) end
end

function test_csv_there_and_back()
  local f = frame{{"name", {"a,b", 'say "hi"', "two\nlines", " edge", ""}},
                  {"n", {1, -2.5, 0.1, 1e300, 0 / 0}}, {"code", {"7", "x", "", "1", "2"}}}
  local g = frame.parse_csv(f:csv())
  lu.assertEquals(g:columns(), f:columns())
  lu.assertEquals(g.name, f.name)
  lu.assertEquals(g.code, f.code)
  for i = 1, 4 do lu.assertEquals(g.n[i], f.n[i]) end
  lu.assertNotEquals(g.n[5], g.n[5])
  lu.assertEquals(frame.parse_csv("\xEF\xBB\xBFa,b\r\n1,x\r\n\r\n2,y").a, {1, 2})
end

function test_csv_files()
  local path = os.tmpname()
  local f = sample()
  lu.assertEquals(f:csv(path), f)
  lu.assertEquals(tostring(frame.read_csv(path)), tostring(f))
  os.remove(path)
  refuses(path, frame.read_csv, path)
end

function test_errors()
  local f = sample()
  refuses("did you mean 'count'", function() return f.cuont end)
  refuses("it has: split, class, count, share", function() return f:select{"zzzzzzzz"} end)
  refuses("rows 1 to 4, not 5", f.row, f, 5)
  refuses("'b' has 2 values, but 'a' has 1", frame, {{"a", {1}}, {"b", {1, 2}}})
  refuses("two columns 'a'", frame, {{"a", {1}}, {"a", {1}}})
  refuses("must be {name, values}", frame, {1})
  refuses("must be an array or a tensor", frame, {{"a", 1}})
  refuses("row 2 of the frame has 1 values", frame, {columns = {"a", "b"}, {1, 2}, {1}})
  refuses("did you mean 'columns'", frame, {colums = {"a"}})
  refuses("did you mean 'mean'", f.groupby, f, {"class", x = {"meen", "count"}})
  refuses("needs a column", f.groupby, f, {"class", x = "mean"})
  refuses("did you mean 'count'", f.sort, f, {by = "cont"})
  refuses("has no option", f.sort, f, {by = "count", zzzzzzzz = true})
  refuses("has 1 values, but the frame has 4", f.add, f, "x", {1})
  refuses("line 3 has 1 cells", frame.parse_csv, "a,b\n1,2\n3\n")
  refuses("never closed", frame.parse_csv, "a\n\"x\n")
  refuses("must name the columns", frame.parse_csv, "")
end

os.exit(lu.LuaUnit.run())

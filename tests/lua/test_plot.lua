-- plot: every kind of figure as SVG, PNG and text; wrong calls; what a user's text can do.
local lu = require "luaunit"
local pneuma = require "pneuma"
local plot, frame, image = pneuma.plot, pneuma.frame, pneuma.image

local folder

local function setup()
  folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
end

local function teardown()
  os.execute("rm -r " .. folder)
end

-- A uint8 image whose pixel (y, x) is pixel(y, x), from 0; three numbers make it RGB.
local function picture(height, width, pixel)
  local bytes, channels = {}, select("#", pixel(0, 0))
  for y = 0, height - 1 do
    for x = 0, width - 1 do bytes[#bytes + 1] = string.char(pixel(y, x)) end
  end
  local path = folder .. "/picture.pnm"
  local file = assert(io.open(path, "wb"))
  file:write(channels == 3 and "P6\n" or "P5\n", width, " ", height, "\n255\n", table.concat(bytes))
  file:close()
  return image.read(path)
end

local function ramp(height, width)
  return picture(height, width, function(y, x) return (x * 255 // (width - 1)) end)
end

local function count(text, what)
  return select(2, text:gsub(what, ""))
end

local function refuses(part, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), part)
end

-- Tags closed in order, attributes quoted, nothing that runs or loads.
local function assert_sound(svg)
  lu.assertStrMatches(svg:sub(1, 5), "<svg ")
  local open = {}
  for close, name, rest in svg:gmatch("<(/?)([%w]+)([^<>]*)>") do
    if close == "/" then
      lu.assertEquals(table.remove(open), name)
    elseif rest:sub(-1) ~= "/" then
      open[#open + 1] = name
    end
  end
  lu.assertEquals(#open, 0)
  lu.assertNil(svg:find("<script", 1, true))
  lu.assertNil(svg:find("href='http", 1, true))
  lu.assertNil(svg:find("[^\n\t\32-\126\128-\255]"))
  lu.assertNil(svg:find("M[^']*[nN]a[nN]") or svg:find("=.[nN]a[nN]"))
  return svg
end

-- The three forms of a figure.
local function assert_draws(figure)
  assert_sound(figure:svg())
  local png = figure:png{scale = 1}
  lu.assertEquals(png:sub(1, 8), "\137PNG\r\n\26\n")
  local text = figure:text{width = 60, height = 16}
  lu.assertTrue(#text > 2)
  return figure
end

TestKinds = {setUp = setup, tearDown = teardown}

function TestKinds:test_bars()
  local fig = assert_draws(plot.bar{{"NORMAL", "PNEUMONIA"}, {1583, 4273},
                                    colors = {"skyblue", "salmon"}, percent = true, title = "All"})
  local svg = fig:svg()
  lu.assertStrContains(svg, "NORMAL (27.03 %)")
  lu.assertStrContains(svg, "PNEUMONIA (72.97 %)")
  lu.assertStrContains(svg, ">4273<")
  lu.assertStrContains(svg, "rgb(135, 206, 235)") -- skyblue
  lu.assertStrContains(svg, "rgb(250, 128, 114)") -- salmon
  lu.assertEquals(tostring(fig), "Bars 'All': NORMAL 1583, PNEUMONIA 4273")
end

function TestKinds:test_bars_take_frames_maps_and_rows()
  local long = frame{{"split", {"train", "train", "val", "val"}}, {"class", {"N", "P", "N", "P"}},
                     {"count", {10, 30, 2, 3}}}
  local wide = frame{{"class", {"N", "P"}}, {"train", {10, 30}}, {"val", {2, 3}}}
  local expected = "Horizontal bars: N train 10, N val 2, P train 30, P val 3"
  lu.assertEquals(plot.barh{long}:describe(), expected)
  lu.assertEquals(plot.barh{wide}:describe(), expected)
  lu.assertEquals(plot.barh{{train = {N = 10, P = 30}, val = {N = 2, P = 3}}}:describe(), expected)
  lu.assertEquals(plot.barh{{{"N", 10, 2}, {"P", 30, 3}}, legend = {"train", "val"}}:describe(),
                  expected)
  lu.assertEquals(plot.bar{{b = 1, a = 2}}:describe(), "Bars: a 2, b 1")
  lu.assertEquals(plot.bar{{a = 1, b = 2}, sort = "descending"}:describe(), "Bars: b 2, a 1")
  lu.assertEquals(plot.bar{{3, 4}}:describe(), "Bars: 1 3, 2 4")
end

function TestKinds:test_horizontal_bars_with_zero_on_a_logarithmic_axis()
  local fig = assert_draws(plot.barh{{"N", "P"}, {1341, 3875}, {8, 0}, log = "x",
                                     legend = {"Train (N: 1341, P: 3875)", "Val (N: 8, P: 0)"}})
  local svg = fig:svg()
  lu.assertStrContains(svg, "Train (N: 1341, P: 3875)")
  lu.assertStrContains(svg, ">0<") -- the bar that is not there is labelled
  lu.assertStrContains(svg, ">1000<")
  assert_draws(plot.barh{{"a"}, {0}, log = "x"})
  assert_draws(plot.bar{{"a", "b"}, {-3, 5}})
  assert_draws(plot.bar{{"a", "b"}, {0 / 0, 1 / 0}})
end

function TestKinds:test_histograms_have_bins_of_their_own()
  local fig = assert_draws(plot.hist{{1, 2, 3, 4}, {10, 20}, bins = 3, minmax = true,
                                     legend = {"a", "b"}, colors = {"blue", "red"}})
  lu.assertEquals(fig.series[1].edges, {1, 2, 3, 4})
  lu.assertEquals(fig.series[1].counts, {1, 1, 2})
  lu.assertEquals(fig.series[2].edges[1], 10)
  lu.assertStrContains(fig:svg(), "b (min 10, max 20)")
  fig = plot.hist{{1, 2}, {4}, bins = 3, shared = true}
  lu.assertEquals(fig.series[2].edges, {1, 2, 3, 4})
  fig = plot.hist{{1, 2, 300}, bins = 2, range = {0, 4}}
  lu.assertEquals(fig.series[1].counts, {1, 1})
  fig = plot.hist{{1, 2, 3}, bins = {0, 2.5, 3}}
  lu.assertEquals(fig.series[1].counts, {2, 1})
  fig = assert_draws(plot.hist{{counts = {5, 0, 2}, edges = {0, 1, 2, 4}}, log = "y"})
  lu.assertEquals(fig.series[1].counts, {5, 0, 2})
  fig = plot.hist{{1, 1, 3, 3}, bins = 2, density = true}
  lu.assertEquals(fig.series[1].counts, {0.5, 0.5})
  assert_draws(plot.hist{{7, 7, 7}})
end

function TestKinds:test_histogram_of_a_tensor()
  local fig = assert_draws(plot.hist{ramp(4, 256), bins = 256})
  lu.assertEquals(#fig.series[1].counts, 256)
  for _, n in ipairs(fig.series[1].counts) do lu.assertEquals(n, 4) end
end

function TestKinds:test_histograms_of_the_stage()
  local a, b = ramp(4, 256), ramp(2, 10)
  local fig = assert_draws(plot.hist{pneuma.stage.histogram{{a, b}, bins = 5}, legend = {"a", "b"}})
  lu.assertEquals(#fig.series, 2)
  lu.assertEquals(fig.series[1].counts, plot.hist{a, bins = 5}.series[1].counts)
end

function TestKinds:test_curves()
  local fig = assert_draws(plot.line{{1, 2, 0 / 0, 4}, {2, 1 / 0, 3, 1}, legend = {"a", "b"},
                                     bands = {{.1, .1, .1, .1}}, stats = true, xlabel = "epoch"})
  lu.assertStrContains(fig:svg(), "a (2.33 ± 1.25)")
  assert_draws(plot.line{{1, 10, 100}, log = "y", x = {1, 10, 100}})
  assert_draws(plot.line{{5}})
  assert_draws(plot.line{{2, 2, 2}})
end

function TestKinds:test_runs_become_mean_and_band()
  local fig = assert_draws(plot.line{{{1, 2, 3}, {3, 4, 5}}})
  lu.assertEquals(fig.curves[1].y, {2, 3, 4})
  lu.assertEquals(fig.curves[1].band, {1, 1, 1})
end

function TestKinds:test_long_curves_keep_their_peaks()
  local y = {}
  for i = 1, 50000 do y[i] = 0 end
  y[31234] = 1
  local svg = plot.line{y, width = 400}:svg()
  lu.assertTrue(#svg < 200000)
  lu.assertStrContains(svg, ">1<")
end

function TestKinds:test_scatter()
  lu.assertEquals(assert_draws(plot.scatter{{1, 2, 3}, {3, 1, 2}}):describe(), "Scatter: 3 points")
  assert_draws(plot.scatter{{{1, 2}, {3, 4}}, {{1, 2}, {5, 6}}, legend = {"a", "b"}})
end

function TestKinds:test_history()
  local h = {history = {loss = {2, 1}, val_loss = {3, 2}, accuracy = {.5, .7},
                        val_accuracy = {.4, .6}}}
  local fig = assert_draws(plot.history(h))
  local svg = fig:svg()
  lu.assertStrContains(svg, "train (0.60 ± 0.10)")
  lu.assertStrContains(svg, "validation (2.50 ± 0.50)")
  lu.assertTrue(svg:find(">accuracy<", 1, true) < svg:find(">loss<", 1, true))
  assert_draws(plot.history{h.history, title = "Training", metrics = {"loss"}})
  refuses("did you mean 'loss'", plot.history, {h, metrics = {"lss"}})
end

function TestKinds:test_images()
  lu.assertEquals(count(assert_draws(plot.image{ramp(30, 40), cmap = "viridis"}):svg(), "<image"), 1)
  assert_draws(plot.image{ramp(3, 2)})
  assert_draws(plot.image{picture(1, 1, function() return 7 end)})
  assert_draws(plot.image{picture(8, 9, function(y, x) return y, x, 200 end), title = "RGB"})
end

function TestKinds:test_float_images()
  local x = pneuma.tensor.linspace{0, 1, 64}:reshape{8, 8}
  assert_draws(plot.image{x, cmap = "viridis"})
  local fig = assert_draws(plot.grid{{x * 300, x}, colorbar = true, cmap = "jet"})
  lu.assertEquals(fig.low, 0)
  lu.assertAlmostEquals(fig.high, 300, 1e-3)
  assert_draws(plot.grid{pneuma.tensor.zeros{2, 5, 6}})
  refuses("no pixels", plot.image, {pneuma.tensor.zeros{0, 3}})
  refuses("it is (2, 3, 4, 5)", plot.image, {pneuma.tensor.zeros{2, 3, 4, 5}})
end

function TestKinds:test_grid_of_unequal_images()
  local images = {ramp(30, 40), picture(50, 20, function(y, x) return y, x, 200 end), ramp(4, 4)}
  local fig = assert_draws(plot.grid{images, titles = {"a", "b", "c"}, cmap = "viridis"})
  lu.assertEquals(count(fig:svg(), "<image"), 3)
  lu.assertEquals(fig:describe(), "Grid of 3 images: a, b, c")
end

function TestKinds:test_panels()
  local fig = assert_draws(plot.panels{plot.bar{{a = 1}}, plot.image{ramp(9, 9), cmap = "jet"},
                                       plot.line{{1, 2}}, cols = 2, title = "Three"})
  lu.assertEquals(count(fig:svg(), ">Three<"), 1)
  refuses("takes figures", plot.panels, {1})
  refuses("at least one", plot.panels, {})
end

TestPixels = {setUp = setup, tearDown = teardown}

-- What is drawn is the image: read the PNG back and look at corners.
function TestPixels:test_right_way_up_and_in_its_colours()
  local colours = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}}
  local fig = plot.image{picture(100, 100, function(y, x)
    return table.unpack(colours[(y < 50 and 1 or 3) + (x < 50 and 0 or 1)])
  end)}
  fig:save(folder .. "/figure.png", {scale = 1})
  local info = image.info(folder .. "/figure.png")
  lu.assertEquals(info.width, fig.width)
  local out = io.open(folder .. "/pixels.ppm", "wb")
  out:close()
  image.write{image.read(folder .. "/figure.png"), folder .. "/pixels.ppm"}
  local file = assert(io.open(folder .. "/pixels.ppm", "rb"))
  local data = file:read("a")
  file:close()
  local header = data:match("^P6%s+%d+%s+%d+%s+%d+%s")
  local function at(y, x)
    return {data:byte(#header + (y * info.width + x) * 3 + 1, #header + (y * info.width + x) * 3 + 3)}
  end
  local left, right = 20, info.width - 20
  local top, bottom = 20, info.height - 20
  lu.assertEquals(at(top, left), colours[1])
  lu.assertEquals(at(top, right), colours[2])
  lu.assertEquals(at(bottom, left), colours[3])
  lu.assertEquals(at(bottom, right), colours[4])
end

-- An edge map keeps its lines, a photograph is averaged.
function TestPixels:test_edge_maps_keep_their_lines()
  local line = picture(4, 40, function(_, x) return x == 7 and 255 or 0 end)
  lu.assertStrContains(plot.image{line}:text{width = 30}, "2;255;255;255m")
  lu.assertNotStrContains(plot.image{line, reduce = "mean"}:text{width = 30}, "2;255;255;255m")
  refuses("must be 'mean' or 'max'", plot.image, {line, reduce = "median"})
end

function TestPixels:test_half_blocks_are_in_colour()
  local text = plot.image{picture(2, 1, function(y) return y == 0 and 255 or 0, 0, 9 end)}:text()
  lu.assertStrContains(text, "\27[38;2;255;0;9m")
  lu.assertStrContains(text, "\27[48;2;0;0;9m▀")
end

-- Pixels that spell a command are pixels.
function TestPixels:test_pixels_are_never_commands()
  local text = "\n!touch " .. folder .. "/owned\nsystem('touch " .. folder .. "/owned')\n"
  local fig = plot.image{picture(9, #text, function(_, x) return text:byte(x + 1) end)}
  fig:svg()
  lu.assertNil(io.open(folder .. "/owned"))
end

TestText = {setUp = setup, tearDown = teardown}

function TestText:test_user_text_is_only_text()
  local touch = "touch " .. folder .. "/owned"
  local nasty = "it's \"q\" `" .. touch .. "` a_b^{c} @x %d <b>&amp; \\n $0 é\n!" .. touch .. "\n"
  local figures = {
    plot.bar{{nasty, "b"}, {1, 2}, title = nasty, xlabel = nasty, ylabel = nasty,
             legend = {nasty, "b"}},
    plot.barh{{nasty, "b"}, {1, 2}, {3, 4}, legend = {nasty, "b"}},
    plot.hist{{1, 2}, legend = nasty, title = nasty},
    plot.grid{{ramp(5, 5)}, titles = {nasty}, title = nasty},
    plot.panels{plot.line{{1, 2}, title = nasty}, title = nasty},
  }
  for _, fig in ipairs(figures) do
    local svg = assert_sound(fig:svg())
    lu.assertStrContains(svg, "it's")
    lu.assertNil(svg:find("<b>", 1, true))
    fig:png()
    fig:text()
  end
  lu.assertNil(io.open(folder .. "/owned"))
end

function TestText:test_underscores_and_percent_print_as_they_are()
  local svg = plot.bar{{"50 %d_a^{b}", "x"}, {1, 2}, legend = {"a_{b}", "%s"}}:svg()
  lu.assertStrContains(svg, ">50 %d_a^{b}<")
  lu.assertStrContains(svg, ">a_{b}<")
  lu.assertStrContains(svg, ">%s<")
end

function TestText:test_bad_utf8_and_zero_bytes()
  assert_sound(plot.bar{{"a\0b\255", "\1"}, {1, 2}, title = "\xEF\xBF\xBF\0"}:svg())
end

function TestText:test_long_names_are_shortened()
  local long = ("very long "):rep(60) .. "end"
  local svg = plot.barh{{long, "b"}, {1, 2}, {3, 4}, legend = {long, "x"}, title = long}:svg()
  lu.assertStrContains(svg, "…")
  lu.assertNil(svg:find(long, svg:find(">", 1, true), true))
end

TestFigure = {setUp = setup, tearDown = teardown}

function TestFigure:test_save()
  local fig = plot.bar{{a = 1}}
  lu.assertEquals(fig:save(folder .. "/a.svg"), fig)
  fig:save(folder .. "/a.PNG")
  lu.assertEquals(image.info(folder .. "/a.PNG").width, 2 * fig.width)
  refuses("not as", fig.save, fig, folder .. "/a.jpg")
  refuses("file name", fig.save, fig)
  refuses(folder, fig.save, fig, folder .. "/no/such/a.svg")
end

function TestFigure:test_ids_differ_between_figures()
  local a, b = plot.hist{{1, 2}}:svg(), plot.hist{{1, 2}}:svg()
  local seen = {}
  for id in a:gmatch("id=['\"]([^'\"]*)") do seen[id] = true end
  for id in b:gmatch("id=['\"]([^'\"]*)") do lu.assertNil(seen[id]) end
  lu.assertNotNil(next(seen))
end

function TestFigure:test_shows_itself()
  local mime = getmetatable(plot.bar{{a = 1}}).__mime
  for _, name in ipairs{"image/svg+xml", "image/png", "text/plain", "text/x-terminal"} do
    lu.assertIsString(mime[name](plot.bar{{a = 1}, title = "T"}))
  end
  lu.assertEquals(mime["text/plain"](plot.bar{{a = 1}, title = "T"}), "Bars 'T': a 1")
end

function TestFigure:test_same_figure_same_picture()
  local function draw() return plot.hist{{1, 2, 3}, title = "x"}:svg():gsub("f%d+%-", "f-") end
  lu.assertEquals(draw(), draw())
end

TestErrors = {setUp = setup, tearDown = teardown}

function TestErrors:test_unknown_options()
  refuses("did you mean 'legend'", plot.bar, {{a = 1}, legned = {"a"}})
  refuses("did you mean 'bins'", plot.hist, {{1}, bin = 3})
  refuses("did you mean 'skyblue'", plot.bar, {{a = 1}, colors = "skyblu"})
  refuses("did you mean 'viridis'", plot.image, {ramp(3, 3), cmap = "virids"})
  refuses("takes one table", plot.bar, 3)
  refuses("no option 'colors'", plot.grid, {{ramp(3, 3)}, colors = "red"})
end

function TestErrors:test_nothing_to_draw()
  refuses("nothing to draw", plot.hist, {{}})
  refuses("none of its numbers is finite", plot.hist, {{0 / 0}})
  refuses("no finite values", plot.line, {{}})
  refuses("no positive number", plot.line, {{0, -1}, log = "y"})
  refuses("no values", plot.bar, {{}})
  refuses("needs values", plot.hist, {})
  refuses("no images", plot.grid, {{}})
  refuses("nothing to draw", plot.history, {{}})
end

function TestErrors:test_wrong_values()
  refuses("item 2 is a string", plot.hist, {{1, "x"}})
  refuses("2 labels, but series 1 has 3", plot.bar, {{"a", "b"}, {1, 2, 3}})
  refuses("3 values, but curve 1 has 2", plot.line, {{1, 2}, x = {1, 2, 3}})
  refuses("2 x values and 1 y", plot.scatter, {{1, 2}, {1}})
  refuses("1 names for 2", plot.line, {{1}, {2}, legend = {"a"}})
  refuses("must ascend", plot.hist, {{1}, range = {3, 2}})
  refuses("must ascend", plot.hist, {{1}, bins = {3, 2}})
  refuses("one edge more", plot.hist, {{counts = {1}, edges = {1}}})
  refuses("from 1 to", plot.hist, {{1}, bins = 0})
  refuses("cannot be logarithmic", plot.bar, {{a = 1}, log = "x"})
  refuses("must be a string", plot.bar, {{a = 1}, title = {}})
  refuses("must be a tensor", plot.image, {{1, 2}})
end

os.exit(lu.LuaUnit.run())

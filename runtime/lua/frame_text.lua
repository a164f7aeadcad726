-- How frames look: aligned text, HTML, CSV.
local core = ...
local text = {}

local SHOWN = 60 -- rows; longer frames show their ends
local ENDS = 5

-- ---- cells ----

-- Digits behind the point so that a column of numbers lines up: as many as its values need, at
-- most six and, where there are floats, at least one, as pandas does it. nil for columns where
-- exponents read better.
local function decimals(list)
  local most, largest, least = 0, 0, math.huge
  for _, v in ipairs(list) do
    if math.type(v) == "float" and v == v and math.abs(v) < math.huge then
      local size = math.abs(v)
      largest = math.max(largest, size)
      if size > 0 then least = math.min(least, size) end
      local digits = 1
      while digits < 6 and math.abs(v * 10 ^ digits - math.floor(v * 10 ^ digits + 0.5)) > 1e-6 do
        digits = digits + 1
      end
      most = math.max(most, digits)
    end
  end
  if largest >= 1e12 or (least < 1e-5 and largest < 1e-2) then return nil end
  return most
end

local function number(v, digits)
  if digits == 0 and v == v and math.abs(v) < 1e15 and v == math.floor(v) then
    return string.format("%d", math.floor(v))
  end
  if v ~= v then return "NaN" end
  if v == math.huge then return "inf" elseif v == -math.huge then return "-inf" end
  return string.format(digits and "%." .. digits .. "f" or "%.6e", v)
end

local function cell(v, digits)
  if type(v) == "number" then return number(v, digits) end
  return v == nil and "" or (tostring(v):gsub("[\n\r\t]", " "))
end

-- The rows that are shown: all, or both ends (0 stands for what is left out).
local function shown(n)
  local list = {}
  if n <= SHOWN then
    for i = 1, n do list[i] = i end
    return list
  end
  for i = 1, ENDS do list[i] = i end
  list[ENDS + 1] = 0
  for i = n - ENDS + 1, n do list[#list + 1] = i end
  return list
end

local function is_numeric(list)
  for _, v in ipairs(list) do
    if type(v) ~= "number" then return false end
  end
  return #list > 0
end

-- {name, numeric, cells}: the texts of the shown rows of each column.
local function render(d)
  local rows, columns = shown(d.n), {}
  for c, name in ipairs(d.names) do
    local list, cells = d.columns[name], {}
    local digits = decimals(list)
    for i, row in ipairs(rows) do cells[i] = row == 0 and "..." or cell(list[row], digits) end
    columns[c] = {name = name, numeric = is_numeric(list), cells = cells}
  end
  return columns, #rows
end

-- ---- text ----

local function width(s)
  return utf8.len(s) or #s
end

local function pad(s, to, right)
  local gap = (" "):rep(to - width(s))
  return right and gap .. s or s .. gap
end

local function footer(d)
  return string.format("[%d row%s x %d column%s]", d.n, d.n == 1 and "" or "s", #d.names,
                       #d.names == 1 and "" or "s")
end

function text.plain(d)
  if #d.names == 0 then return "(empty frame)" end
  local columns, count = render(d)
  local lines = {}
  for r = 0, count do
    local parts = {}
    for c, column in ipairs(columns) do
      local widest = width(column.name)
      for _, s in ipairs(column.cells) do widest = math.max(widest, width(s)) end
      parts[c] = pad(r == 0 and column.name or column.cells[r], widest, column.numeric)
    end
    lines[#lines + 1] = (table.concat(parts, "  "):gsub("%s+$", ""))
  end
  if count < d.n or d.n == 0 then lines[#lines + 1] = footer(d) end
  return table.concat(lines, "\n")
end

-- ---- HTML ----

local function escape(s)
  return (s:gsub("[&<>\"]", {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["\""] = "&quot;"}))
end

function text.html(d)
  local columns, count = render(d)
  local out = {'<table class="pn-frame">\n<thead><tr>'}
  for _, column in ipairs(columns) do
    out[#out + 1] = string.format('<th scope="col"%s>%s</th>',
                                  column.numeric and ' class="pn-number" style="text-align:right"'
                                  or "", escape(column.name))
  end
  out[#out + 1] = "</tr></thead>\n<tbody>\n"
  for r = 1, count do
    out[#out + 1] = "<tr>"
    for _, column in ipairs(columns) do
      out[#out + 1] = column.numeric and '<td class="pn-number" style="text-align:right">' or "<td>"
      out[#out + 1] = escape(column.cells[r]) .. "</td>"
    end
    out[#out + 1] = "</tr>\n"
  end
  out[#out + 1] = "</tbody>\n"
  if count < d.n or d.n == 0 then
    out[#out + 1] = string.format('<tfoot><tr><td colspan="%d">%s</td></tr></tfoot>\n',
                                  math.max(1, #d.names), footer(d))
  end
  out[#out + 1] = "</table>\n"
  return table.concat(out)
end

-- ---- CSV ----

-- Numbers so that reading them back gives the same ones.
local function csv_number(v)
  if math.type(v) == "integer" then return tostring(v) end
  if v ~= v then return "" end
  local short = string.format("%.15g", v)
  return tonumber(short) == v and short or string.format("%.17g", v)
end

local function csv_cell(v)
  if type(v) == "number" then return csv_number(v) end
  local s = v == nil and "" or tostring(v)
  if s:find('[",\r\n]') or s:find("^%s") or s:find("%s$") then
    return '"' .. s:gsub('"', '""') .. '"'
  end
  return s
end

function text.csv(d)
  local lines = {}
  for r = 0, d.n do
    local parts = {}
    for c, name in ipairs(d.names) do
      parts[c] = csv_cell(r == 0 and name or r > 0 and d.columns[name][r])
    end
    local line = table.concat(parts, ",")
    lines[#lines + 1] = line == "" and '""' or line -- an empty line would be no row
  end
  return table.concat(lines, "\n") .. "\n"
end

-- One field from position `at`: its text, whether it was quoted, and where the next thing begins.
local function field(s, at, line, fail)
  if s:sub(at, at) ~= '"' then
    local stop = s:find("[,\r\n]", at) or #s + 1
    return s:sub(at, stop - 1), false, stop
  end
  local parts, from = {}, at + 1
  while true do
    local quote = s:find('"', from, true)
    if not quote then fail("CSV line %d: the quote is never closed", line) end
    parts[#parts + 1] = s:sub(from, quote - 1)
    if s:sub(quote + 1, quote + 1) ~= '"' then
      local after = s:sub(quote + 1, quote + 1)
      if after ~= "" and not after:find("[,\r\n]") then
        fail("CSV line %d: after a closing quote there must be a comma, not '%s'", line, after)
      end
      return table.concat(parts), true, quote + 1
    end
    parts[#parts + 1] = '"'
    from = quote + 2
  end
end

local function records(s, fail)
  local list, at, line = {}, 1, 1
  s = s:gsub("^\xEF\xBB\xBF", "")
  while at <= #s do
    local record, blank, start = {line = line}, true, at
    while true do
      local value, quoted, stop = field(s, at, line, fail)
      record[#record + 1] = {value, quoted}
      if quoted or value ~= "" then blank = false end
      at = stop + 1
      if s:sub(stop, stop) ~= "," then
        if s:sub(stop, stop + 1) == "\r\n" then at = stop + 2 end
        break
      end
    end
    line = line + select(2, s:sub(start, at - 1):gsub("\n", ""))
    if not (blank and #record == 1) then list[#list + 1] = record end
  end
  return list
end

-- A column is numbers when every cell is one or empty, none was quoted, and one is not empty.
local function convert(cells)
  local numbers, some = {}, false
  for i, c in ipairs(cells) do
    local v = c[1] == "" and 0 / 0 or tonumber(c[1])
    if c[2] or not v or c[1]:find("^%s*0[xX]") then
      for k, plain in ipairs(cells) do numbers[k] = plain[1] end
      return numbers
    end
    some = some or c[1] ~= ""
    numbers[i] = v
  end
  if some then return numbers end
  for k in ipairs(cells) do numbers[k] = "" end
  return numbers
end

function text.parse_csv(s, fail)
  local list = records(s, fail)
  if #list == 0 then fail("the CSV is empty; its first line must name the columns") end
  local names, columns = {}, {}
  for c, head in ipairs(list[1]) do
    if columns[head[1]] then fail("the CSV has two columns '%s'", head[1]) end
    names[c], columns[head[1]] = head[1], {}
  end
  for r = 2, #list do
    if #list[r] ~= #names then
      fail("CSV line %d has %d cells, but there are %d columns", list[r].line, #list[r], #names)
    end
    for c, name in ipairs(names) do columns[name][r - 1] = list[r][c] end
  end
  for _, name in ipairs(names) do columns[name] = convert(columns[name]) end
  return names, columns, #list - 1
end

return text

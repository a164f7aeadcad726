-- Curves over all thresholds, of labels 0 and 1 and their scores; plots are made of them, too.
local parts = ...
local core = parts.core

local curves = {}
parts.curves = curves

-- The places of a ROC curve's points that are kept: its ends and corners. Between collinear points
-- the counts of both classes go on as they went.
local function corners(tps, fps)
  local keep = {}
  for k = 1, #tps do
    if k == 1 or k == #tps or tps[k + 1] - tps[k] ~= tps[k] - tps[k - 1]
       or fps[k + 1] - fps[k] ~= fps[k] - fps[k - 1] then
      keep[#keep + 1] = k
    end
  end
  return keep
end

-- False and true positive rates and their thresholds, from (0, 0), where no score is enough.
function curves.roc(truth, scores, drop)
  local thresholds, tps, fps = core.cuts(truth, scores)
  local last = #tps
  local keep = drop and corners(tps, fps) or nil
  local fpr, tpr, kept = {0.0}, {0.0}, {math.huge}
  for n = 1, keep and #keep or last do
    local k = keep and keep[n] or n
    fpr[n + 1], tpr[n + 1], kept[n + 1] = fps[k] / fps[last], tps[k] / tps[last], thresholds[k]
  end
  return fpr, tpr, kept
end

-- Precision and recall by rising threshold; the last point, precision 1 and recall 0, is where no
-- score is enough.
function curves.precision_recall(truth, scores)
  local thresholds, tps, fps = core.cuts(truth, scores)
  local precision, recall, rising = {}, {}, {}
  for k = #tps, 1, -1 do
    local n = #tps - k + 1
    precision[n], recall[n] = tps[k] / (tps[k] + fps[k]), tps[k] / tps[#tps]
    rising[n] = thresholds[k]
  end
  precision[#tps + 1], recall[#tps + 1], rising[#tps + 1] = 1.0, 0.0, math.huge
  return precision, recall, rising
end

-- The area under points by trapezoids.
function curves.area(x, y)
  local area = 0
  for k = 2, #x do area = area + (x[k] - x[k - 1]) * (y[k] + y[k - 1]) / 2 end
  return area
end

-- The sum of precision times the step of recall, of points by falling recall.
function curves.average_precision(precision, recall)
  local sum = 0
  for k = 1, #recall - 1 do sum = sum + (recall[k] - recall[k + 1]) * precision[k] end
  return sum
end

-- ---- calibration ----

-- The q-quantile of rising numbers, linear between neighbours, rounded as numpy.quantile does.
function curves.quantile(sorted, q)
  local at = (#sorted - 1) * q
  local t = at - math.floor(at)
  local low = sorted[math.floor(at) + 1]
  local high = sorted[math.min(math.floor(at) + 2, #sorted)]
  if t >= 0.5 then return high - (high - low) * (1 - t) end
  return low + (high - low) * t
end

-- The bins' inner edges: equal widths, or as many items in each. The steps are NumPy's to the last
-- bit: a score on an edge must fall on the same side.
local function inner_edges(scores, bins, strategy)
  local edges, sorted = {}, nil
  if strategy == "quantile" then
    sorted = table.move(scores, 1, #scores, 1, {})
    table.sort(sorted)
  end
  for k = 1, bins - 1 do
    local at = k * (1 / bins)
    edges[k] = sorted and curves.quantile(sorted, at * 100 / 100) or at
  end
  return edges
end

-- The bin of a score: the first whose upper edge is not below it.
local function bin_of(edges, score)
  local low, high = 1, #edges + 1
  while low < high do
    local middle = (low + high) // 2
    if edges[middle] < score then low = middle + 1 else high = middle end
  end
  return low
end

-- Of each bin that is not empty: the share of 1s, the mean score and the number of items.
function curves.calibration(truth, scores, bins, strategy)
  local edges = inner_edges(scores, bins, strategy)
  local ones, sums, counts = {}, {}, {}
  for k = 1, bins do ones[k], sums[k], counts[k] = 0, 0, 0 end
  for i, score in ipairs(scores) do
    local b = bin_of(edges, score)
    ones[b], sums[b], counts[b] = ones[b] + truth[i], sums[b] + score, counts[b] + 1
  end
  local prob_true, prob_pred, count = {}, {}, {}
  for b = 1, bins do
    if counts[b] > 0 then
      local n = #count + 1
      prob_true[n], prob_pred[n], count[n] = ones[b] / counts[b], sums[b] / counts[b], counts[b]
    end
  end
  return prob_true, prob_pred, count
end

-- ---- Wilson's interval ----

-- Low and high end for a share of successes (Wilson, 1927).
function curves.wilson(successes, n, confidence)
  local z = core.upper((1 - confidence) / 2)
  local p, zz = successes / n, z * z
  local middle = (p + zz / (2 * n)) / (1 + zz / n)
  local half = z / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
  local low = successes == 0 and 0.0 or math.max(0.0, middle - half)
  return low, successes == n and 1.0 or math.min(1.0, middle + half)
end

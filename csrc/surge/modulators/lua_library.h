// What the engine adds to the mathematics and the modules of Lua for its formulas.
#pragma once

namespace synthrl::surge {

// A chunk that gets the tables `math` and `surge` and fills them.
inline constexpr char kLuaLibrary[] = R"lua(
local math, surge = ...
local floor, sqrt, log, exp, sin, cos, abs, random =
  math.floor, math.sqrt, math.log, math.exp, math.sin, math.cos, math.abs, math.random

function math.clamp(x, low, high)
  if x < low then return low end
  if x > high then return high end
  return x
end
math.limit_range = math.clamp
function math.parity(x) return x % 2 end
function math.sgn(x) return x > 0 and 1 or x < 0 and -1 or 0 end
function math.sign(x) return x < 0 and -1 or 1 end
function math.norm(x, low, high) return (x - low) / (high - low) end
function math.range(x, low, high) return low + x * (high - low) end
function math.rescale(x, low, high, to_low, to_high)
  return math.range(math.norm(x, low, high), to_low, to_high)
end
function math.note_to_freq(note) return 440 * 2 ^ ((note - 69) / 12) end
function math.freq_to_note(hz) return 69 + 12 * log(hz / 440) / log(2) end
function math.lin_to_dB(x) return 20 * log(x) / log(10) end
function math.dB_to_lin(x) return 10 ^ (x / 20) end
function math.gcd(a, b)
  a, b = abs(a), abs(b)
  while b ~= 0 do a, b = b, a % b end
  return a
end
function math.lcm(a, b)
  if a == 0 or b == 0 then return 0 end
  return abs(a * b) / math.gcd(a, b)
end
function math.sinc(x) return x == 0 and 1 or sin(x) / x end

local function scan(t, start, combine)
  local result, value = {}, start
  for i = 1, #t do
    value = combine(value, t[i])
    result[i] = value
  end
  return result
end
function math.cumsum(t) return scan(t, 0, function(a, b) return a + b end) end
function math.cumprod(t) return scan(t, 1, function(a, b) return a * b end) end
function math.linspace(first, last, count)
  local result = {}
  for i = 1, count do
    result[i] = count == 1 and first or first + (last - first) * (i - 1) / (count - 1)
  end
  return result
end
function math.logspace(first, last, count)
  local result = math.linspace(first, last, count)
  for i = 1, #result do result[i] = 10 ^ result[i] end
  return result
end
function math.full(value, count)
  local result = {}
  for i = 1, count do result[i] = value end
  return result
end
function math.zeros(count) return math.full(0, count) end
function math.ones(count) return math.full(1, count) end
function math.offset(t, x)
  local result = {}
  for i = 1, #t do result[i] = t[i] + x end
  return result
end
function math.max_abs(t)
  local largest = 0
  for i = 1, #t do if abs(t[i]) > largest then largest = abs(t[i]) end end
  return largest
end

function math.random_normal(centre, scale)
  local radius = sqrt(-2 * log(1 - random()))
  return (centre or 0) + (scale or 1) * radius * cos(2 * math.pi * random())
end
function math.random_exponential(rate) return -log(1 - random()) / (rate or 1) end
function math.random_bernoulli(chance) return random() < (chance or 0.5) and 1 or 0 end
function math.random_poisson(mean)
  local limit, product, count = exp(-(mean or 1)), random(), 0
  while product > limit do
    product = product * random()
    count = count + 1
  end
  return count
end

local function class(defaults)
  local methods = {}
  function methods:new(settings)
    local object = {}
    for name, value in pairs(defaults) do object[name] = value end
    for name, value in pairs(settings or {}) do object[name] = value end
    return setmetatable(object, { __index = methods })
  end
  return methods
end

surge.mod = {}

-- Beats of a division of the cycle.
local ClockDivider = class { numerator = 1, denominator = 1, intphase = -1, ibeat = -1,
                             phase = 0, newbeat = false }
function ClockDivider:tick(intphase, phase)
  local beat = (intphase + phase) * self.numerator / self.denominator
  local whole = floor(beat)
  self.newbeat = whole ~= self.intphase
  self.intphase = whole
  self.ibeat = whole % self.numerator
  self.phase = beat - whole
end
surge.mod.ClockDivider = ClockDivider

-- Up, level, down, as parts of a phase.
local AHDEnvelope = class { a = 0.1, h = 0.1, d = 0.7 }
function AHDEnvelope:at(phase)
  if phase <= 0 then return 0 end
  if phase < self.a then return phase / self.a end
  if phase < self.a + self.h then return 1 end
  if phase < self.a + self.h + self.d then return 1 - (phase - self.a - self.h) / self.d end
  return 0
end
surge.mod.AHDEnvelope = AHDEnvelope

-- Follows its input at a limited speed.
local Slew = class { samplerate = 48000, block_size = 32 }
function Slew:run(input, up, down)
  local scale = (self.samplerate / 48000) / (self.block_size / 32)
  local function limit(rate) return 1 / (1 + 10000 * scale * rate ^ 3) end
  local up_limit = limit(up or 0.2)
  local down_limit = down and limit(down) or up_limit
  if self.value == nil then self.value = input end
  local step = input - self.value
  if step > up_limit then step = up_limit end
  if step < -down_limit then step = -down_limit end
  self.value = self.value + step
  return self.value
end
surge.mod.Slew = Slew
)lua";

}  // namespace synthrl::surge

// Programs of LFOs: what they see, what they give, and what they cannot do.

#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "surge/modulators/lua_formula.h"

namespace synthrl::surge {
namespace {

bool near(double got, double expected, double tolerance = 1e-5) {
  if (std::fabs(got - expected) <= tolerance) return true;
  std::cerr << got << " is not " << expected << '\n';
  return false;
}

// Null in an engine without an interpreter, whose tests have nothing to run.
const FormulaFactory* factory() {
  static const std::unique_ptr<FormulaFactory> kFactory = lua_formulas();
  if (kFactory == nullptr) std::cout << "skipped: built without SYNTHRL_LUAJIT\n";
  return kFactory.get();
}

struct Run {
  bool started = false;
  bool processed = false;
  FormulaOutput output;
};

Run run(const std::string& source, const FormulaInput& input = {}, int blocks = 1) {
  const std::unique_ptr<Formula> formula = factory()->make(source, 3);
  const FormulaSurroundings surroundings{
      .macros = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f}, .key = 61, .velocity = 85};
  Run result;
  result.started = formula->start(input, surroundings);
  if (!result.started) return result;
  for (int i = 0; i < blocks; ++i) {
    result.output = {};
    result.processed = formula->process(input, surroundings, result.output);
    if (!result.processed) break;
  }
  return result;
}

// The value of an expression, unlimited.
double value_of(const std::string& expression, const FormulaInput& input = {}) {
  const Run result =
      run("function init(state) state.clamp_output = false return state end\n"
          "function process(state) return " +
              expression + " end",
          input);
  CHECK(result.started && result.processed);
  return static_cast<double>(result.output.values[0]);
}

TEST(programs_see_their_lfo_and_note) {
  if (factory() == nullptr) return;
  const FormulaInput input{.phase = 0.25f,
                           .cycle = 7,
                           .delay = 0.5f,
                           .sustain = 0.75f,
                           .rate = 2.0f,
                           .amplitude = 0.6f,
                           .deform = -0.3f};
  CHECK(near(value_of("state.phase", input), 0.25));
  CHECK(near(value_of("state.cycle", input), 7.0));
  CHECK(near(value_of("state.intphase", input), 7.0));
  CHECK(near(value_of("state.delay", input), 0.5));
  CHECK(near(value_of("state.sustain", input), 0.75));
  CHECK(near(value_of("state.rate", input), 2.0));
  CHECK(near(value_of("state.amplitude", input), 0.6));
  CHECK(near(value_of("state.deform", input), -0.3));
  CHECK(near(value_of("state.macros[3]"), 0.3));
  CHECK(near(value_of("state.key"), 61.0));
  CHECK(near(value_of("state.velocity"), 85.0));
  CHECK(near(value_of("state.lfo_id"), 3.0));
  CHECK(near(value_of("state.block_size"), 32.0));
  CHECK(near(value_of("state.samplerate"), 44100.0));
}

TEST(outputs_are_numbers_or_arrays_and_limited_unless_asked_not_to) {
  if (factory() == nullptr) return;
  const Run array =
      run("function process(s) s.output = {0.5, 3, -7, 0/0} s.use_envelope = false "
          "s.retrigger_FEG = true return s end");
  CHECK_EQ(array.output.num_values, 4);
  CHECK_EQ(array.output.values[0], 0.5f);
  CHECK_EQ(array.output.values[1], 1.0f);
  CHECK_EQ(array.output.values[2], -1.0f);
  CHECK_EQ(array.output.values[3], 0.0f);
  CHECK(!array.output.use_envelope && array.output.use_amplitude);
  CHECK(array.output.retrigger_filter && !array.output.retrigger_amplitude);
  CHECK(near(value_of("3"), 3.0));
  CHECK_EQ(run("function process(s) return math.huge end").output.values[0], 0.0f);
  const Run holes = run("function process(s) return {output = {[1] = 0.1, [3] = 0.3}} end");
  CHECK_EQ(holes.output.num_values, 3);
  CHECK_EQ(holes.output.values[2], 0.3f);
  const Run many = run("function process(s) s.output = math.ones(100) return s end");
  CHECK_EQ(many.output.num_values, 8);
}

TEST(programs_keep_what_they_store) {
  if (factory() == nullptr) return;
  const std::string source =
      "function init(s) s.count = 0 return s end\n"
      "function process(s) s.count = s.count + 1 return s.count / 100 end";
  CHECK(near(run(source, {}, 10).output.values[0], 0.1));
  // Even if the name of the function is taken for something else.
  CHECK(run("function process(s) process = {} return 0.5 end", {}, 3).processed);
}

TEST(the_library_computes) {
  if (factory() == nullptr) return;
  CHECK(near(value_of("limit_range(5, 0, 2) + math.clamp(-5, -1, 1)"), 1.0));
  CHECK(near(value_of("sqrt(16) + abs(-1)"), 5.0));
  CHECK(near(value_of("math.sgn(0) + math.sgn(-3) + 10 * math.sign(0)"), 9.0));
  CHECK(near(value_of("math.rescale(0.5, 0, 2, 10, 20)"), 12.5));
  CHECK(near(value_of("math.note_to_freq(60)"), 261.6256, 1e-3));
  CHECK(near(value_of("math.freq_to_note(880)"), 81.0));
  CHECK(near(value_of("math.lin_to_dB(10) + math.dB_to_lin(20)"), 30.0));
  CHECK(near(value_of("math.gcd(12, 18) * 100 + math.lcm(4, 6)"), 612.0));
  CHECK(near(value_of("math.cumsum({1, 2, 3})[3] + math.cumprod({2, 3, 4})[3]"), 30.0));
  CHECK(near(value_of("math.linspace(0, 1, 5)[2] + math.logspace(0, 2, 3)[2]"), 10.25));
  CHECK(near(value_of("math.max_abs({1, -4, 3}) + #math.zeros(5)"), 9.0));
  CHECK(near(value_of("bit.band(12, 10) + string.len('abc') + unpack({5})"), 16.0));
  CHECK(near(value_of("select and 1 or 0"), 0.0));
  CHECK(near(value_of("('a.b.c'):find('.', 3)"), 4.0));
}

TEST(the_modules_work) {
  if (factory() == nullptr) return;
  const std::string clock =
      "function init(s) s.clock = surge.mod.ClockDivider:new{numerator = 3, denominator = 2} "
      "return s end\n"
      "function process(s) s.clock:tick(1, 0.5) "
      "return (s.clock.ibeat + s.clock.phase + (s.clock.newbeat and 10 or 0)) / 100 end";
  // Beat 2.25.
  CHECK(near(run(clock).output.values[0], 0.1225));
  CHECK(near(run(clock, {}, 2).output.values[0], 0.0225));
  CHECK(near(value_of("surge.mod.AHDEnvelope:new{a = 0.2, h = 0.3, d = 0.5}:at(0.1)"), 0.5));
  CHECK(near(value_of("surge.mod.AHDEnvelope:new{a = 0.2, h = 0.3, d = 0.5}:at(0.75)"), 0.5));
  const std::string slew =
      "function init(s) s.slew = surge.mod.Slew:new{samplerate = 48000, block_size = 32} s.n = 0 "
      "return s end\n"
      "function process(s) s.n = s.n + 1 return s.slew:run(s.n > 1 and 1 or 0, 0.1) end";
  CHECK(near(run(slew, {}, 1).output.values[0], 0.0));
  // 1 / (1 + 10000 / 1000) per block.
  CHECK(near(run(slew, {}, 4).output.values[0], 3.0 / 11.0));
}

TEST(random_numbers_are_the_same_in_every_render) {
  if (factory() == nullptr) return;
  CHECK_EQ(value_of("math.random()"), value_of("math.random()"));
}

TEST(broken_programs_fail) {
  if (factory() == nullptr) return;
  for (const char* source :
       {"", "function", "process = 3", "function init() end function process() return 0 end",
        "error('no')", "local t = nil; t.x = 1", "\x1bLJ\x02"}) {
    CHECK(!run(source).started);
  }
  for (const char* source :
       {"function process(s) return 'text' end", "function process(s) return end",
        "function process(s) s.output = {} .. 1 end", "function process(s) error({}) end",
        "function process(s) return s end"}) {
    const Run result = run(source);
    CHECK(result.started && !result.processed);
  }
}

TEST(programs_see_nothing_outside) {
  if (factory() == nullptr) return;
  for (const char* name : {"os",          "io",
                           "package",     "require",
                           "debug",       "load",
                           "loadstring",  "loadfile",
                           "dofile",      "getfenv",
                           "setfenv",     "getmetatable",
                           "rawset",      "collectgarbage",
                           "jit",         "ffi",
                           "coroutine",   "newproxy",
                           "_G",          "string.dump",
                           "string.gsub", "string.match",
                           "('').gmatch"}) {
    CHECK(near(value_of(std::string("(") + name + ") == nil and 1 or 0"), 1.0));
  }
}

TEST(programs_without_end_are_stopped) {
  if (factory() == nullptr) return;
  const auto begin = std::chrono::steady_clock::now();
  for (const char* body :
       {"while true do end", "while true do pcall(function() while true do end end) end",
        "local function f() return pcall(f) end while true do f() end",
        "local t = {} for i = 1, 1e9 do t[i] = i end", "local s = 'x' while true do s = s .. s end",
        "local s = string.rep('x', 1e9)", "local function f() return 1 + f() end f()",
        "for i = 1, 1e9 do xpcall(error, function() while true do end end) end",
        "for i = 1, 1e9 do local s = string.rep('x', 9e5) end",
        "local t = math.zeros(20000) for i = 1, 1e9 do table.insert(t, 1, 0) end",
        "table.sort(math.zeros(20000), function(a, b) return true end)",
        "s = setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}) local x = s.y"}) {
    CHECK(!run(std::string(body) + "\nfunction process(s) return 0 end").started);
    const Run result = run("function process(s) " + std::string(body) + " end");
    CHECK(result.started && !result.processed);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  CHECK(seconds.count() < 120.0);
}

TEST(a_program_that_was_stopped_stays_stopped) {
  if (factory() == nullptr) return;
  const std::unique_ptr<Formula> formula =
      factory()->make("function process(s) while s.phase > 0.5 do end return 0.5 end", 1);
  const FormulaSurroundings surroundings;
  FormulaOutput output;
  CHECK(formula->start({}, surroundings));
  CHECK(formula->process({}, surroundings, output));
  CHECK(!formula->process({.phase = 0.75f}, surroundings, output));
  CHECK(!formula->process({}, surroundings, output));
  // The next note starts anew.
  CHECK(formula->start({}, surroundings));
  CHECK(formula->process({}, surroundings, output));
  CHECK_EQ(output.values[0], 0.5f);
}

}  // namespace
}  // namespace synthrl::surge

#include "surge/modulators/lua_formula.h"

#ifdef SYNTHRL_LUAJIT

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <lua.hpp>
#include <string>

#include "surge/modulators/lua_library.h"
#include "surge/modulators/tables.h"

namespace synthrl::surge {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxSourceBytes = std::size_t{1} << 17;
constexpr int kHookInterval = 1000;  // instructions
constexpr int kStartIntervals = 1000;
constexpr int kProcessIntervals = 20;
constexpr double kMaxSeconds = 3.0;  // of processor time, per note

constexpr const char* kBaseFunctions[] = {"pairs", "ipairs",   "unpack",   "next",
                                          "type",  "tostring", "tonumber", "setmetatable",
                                          "pcall", "xpcall",   "error"};
// Matching takes time without end on some patterns, dump makes bytecode.
constexpr const char* kForbiddenStrings[] = {"dump", "match", "gmatch", "gfind", "gsub"};

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

int do_nothing(lua_State*) { return 0; }

// string.find without patterns.
int find_plain(lua_State* lua) {
  std::size_t length = 0;
  std::size_t sought_length = 0;
  const char* text = luaL_checklstring(lua, 1, &length);
  const char* sought = luaL_checklstring(lua, 2, &sought_length);
  const auto end = static_cast<lua_Integer>(length);
  lua_Integer first = luaL_optinteger(lua, 3, 1);
  if (first < 0) first = std::max<lua_Integer>(1, end + first + 1);
  if (first < 1) first = 1;
  if (first > end + 1) return 0;
  const std::string_view rest(text + first - 1, length - static_cast<std::size_t>(first - 1));
  const std::size_t place = rest.find(std::string_view(sought, sought_length));
  if (place == std::string_view::npos) {
    lua_pushnil(lua);
    return 1;
  }
  const lua_Integer begin = first + static_cast<lua_Integer>(place);
  lua_pushinteger(lua, begin);
  lua_pushinteger(lua, begin + static_cast<lua_Integer>(sought_length) - 1);
  return 2;
}

// All calls that can raise an error of Lua are made below lua_cpcall, in functions without
// destructors, since such an error leaves them by a jump.
class LuaFormula : public Formula {
 public:
  LuaFormula(std::string_view source, int lfo_number) : source_(source), lfo_number_(lfo_number) {}
  LuaFormula(const LuaFormula&) = delete;
  LuaFormula& operator=(const LuaFormula&) = delete;
  ~LuaFormula() override { close(); }

  bool start(const FormulaInput& input, const FormulaSurroundings& surroundings) noexcept override {
    close();
    seconds_ = 0.0;
    if (source_.size() > kMaxSourceBytes) return false;
    lua_ = luaL_newstate();
    if (lua_ == nullptr) return false;
    original_allocator_ = lua_getallocf(lua_, &original_data_);
    lua_setallocf(lua_, &allocate, this);
    luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    input_ = &input;
    surroundings_ = &surroundings;
    return call(&prepare, kStartIntervals);
  }

  bool process(const FormulaInput& input, const FormulaSurroundings& surroundings,
               FormulaOutput& output) noexcept override {
    if (lua_ == nullptr) return false;
    input_ = &input;
    surroundings_ = &surroundings;
    output_ = &output;
    return call(&run, kProcessIntervals);
  }

 private:
  static constexpr const char* kSelf = "synthrl.formula";
  static constexpr const char* kState = "synthrl.state";
  static constexpr const char* kProcess = "synthrl.process";

  void close() noexcept {
    if (lua_ != nullptr) {
      // The state frees with the allocator that made it.
      lua_setallocf(lua_, original_allocator_, original_data_);
      lua_close(lua_);
    }
    lua_ = nullptr;
    bytes_ = 0;
  }

  static void* allocate(void* data, void* block, std::size_t old_size, std::size_t new_size) {
    auto* self = static_cast<LuaFormula*>(data);
    if (new_size > old_size && self->bytes_ + (new_size - old_size) > kMaxBytes) return nullptr;
    void* result = self->original_allocator_(self->original_data_, block, old_size, new_size);
    if (result == nullptr && new_size != 0) return nullptr;
    // What the state had before it was counted may be freed too.
    self->bytes_ = self->bytes_ + new_size > old_size ? self->bytes_ + new_size - old_size : 0;
    return result;
  }

  static LuaFormula* self_of(lua_State* lua) {
    lua_getfield(lua, LUA_REGISTRYINDEX, kSelf);
    auto* self = static_cast<LuaFormula*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return self;
  }

  static void count(lua_State* lua, lua_Debug*) {
    LuaFormula* self = self_of(lua);
    if (--self->intervals_left_ > 0 &&
        self->seconds_ + processor_seconds() - self->call_start_ < kMaxSeconds) {
      return;
    }
    // From now on every instruction fails, so that a program cannot go on by catching the error.
    self->intervals_left_ = 0;
    lua_sethook(lua, &count, LUA_MASKCOUNT, 1);
    luaL_error(lua, "the formula takes too long");
  }

  bool call(lua_CFunction function, int intervals) noexcept {
    intervals_left_ = intervals;
    call_start_ = processor_seconds();
    const bool succeeded = lua_cpcall(lua_, function, this) == 0;
    lua_settop(lua_, 0);
    seconds_ += processor_seconds() - call_start_;
    if (!succeeded || intervals_left_ <= 0) {
      close();
      return false;
    }
    return true;
  }

  static void open(lua_State* lua, lua_CFunction library, const char* name) {
    lua_pushcfunction(lua, library);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
  }

  void set(const char* name, double value) {
    lua_pushnumber(lua_, value);
    lua_setfield(lua_, -2, name);
  }
  void set(const char* name, bool value) {
    lua_pushboolean(lua_, value ? 1 : 0);
    lua_setfield(lua_, -2, name);
  }

  bool get(const char* name, bool otherwise) {
    lua_getfield(lua_, -1, name);
    const bool value = lua_isboolean(lua_, -1) ? lua_toboolean(lua_, -1) != 0 : otherwise;
    lua_pop(lua_, 1);
    return value;
  }

  // Into the table on top of the stack.
  void set_block_fields() {
    const FormulaInput& in = *input_;
    const auto cycle = static_cast<double>(in.cycle);
    set("phase", static_cast<double>(in.phase));
    set("intphase", cycle);
    set("cycle", cycle);
    set("delay", static_cast<double>(in.delay));
    set("attack", static_cast<double>(in.attack));
    set("hold", static_cast<double>(in.hold));
    set("decay", static_cast<double>(in.decay));
    set("sustain", static_cast<double>(in.sustain));
    set("release", static_cast<double>(in.release));
    set("rate", static_cast<double>(in.rate));
    set("amplitude", static_cast<double>(in.amplitude));
    set("startphase", static_cast<double>(in.start_phase));
    set("deform", static_cast<double>(in.deform));
    set("songpos", surroundings_->song_beats);
    set("released", in.released);
    set("rel_velocity", static_cast<double>(surroundings_->release_velocity));
    set("retrigger_AEG", false);
    set("retrigger_FEG", false);
  }

  void set_note_fields() {
    const FormulaSurroundings& around = *surroundings_;
    set("use_envelope", true);
    set("use_amplitude", true);
    set("clamp_output", true);
    set("is_rendering_to_ui", false);
    set("tempo", static_cast<double>(around.tempo_bpm));
    set("samplerate", around.sample_rate);
    set("block_size", static_cast<double>(kModulatorBlockSamples));
    set("pb", static_cast<double>(around.pitch_bend));
    set("pb_range_up", static_cast<double>(around.bend_range_up));
    set("pb_range_dn", static_cast<double>(around.bend_range_down));
    for (const char* controller : {"chan_at", "cc_mw", "cc_breath", "cc_expr", "cc_sus", "poly_at",
                                   "mpe_bend", "mpe_bendrange", "mpe_timbre", "mpe_pressure"}) {
      set(controller, 0.0);
    }
    set("mpe_enabled", false);
    set("lowest_key", static_cast<double>(around.lowest_key));
    set("highest_key", static_cast<double>(around.highest_key));
    set("latest_key", static_cast<double>(around.latest_key));
    set("poly_limit", static_cast<double>(around.poly_limit));
    set("scene_mode", static_cast<double>(around.scene_mode));
    set("play_mode", static_cast<double>(around.play_mode));
    set("split_point", static_cast<double>(around.split_key));
    set("voice_count", static_cast<double>(around.num_voices));
    set("lfo_id", static_cast<double>(lfo_number_));
    set("is_voice", around.voice);
    if (around.voice) {
      set("key", static_cast<double>(around.key));
      set("tuned_key", static_cast<double>(around.key));
      set("velocity", static_cast<double>(around.velocity));
      set("channel", 0.0);
      set("voice_id", 1.0);
    }
    lua_newtable(lua_);
    for (std::size_t i = 0; i < around.macros.size(); ++i) {
      lua_pushnumber(lua_, static_cast<double>(around.macros[i]));
      lua_rawseti(lua_, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(lua_, -2, "macros");
    // Older programs ask here for what they need.
    lua_newtable(lua_);
    lua_newtable(lua_);
    lua_setfield(lua_, -2, "macros");
    lua_setfield(lua_, -2, "subscriptions");
  }

  // Leaves the table that a program sees as its globals.
  void push_environment() {
    open(lua_, luaopen_base, "");
    open(lua_, luaopen_table, LUA_TABLIBNAME);
    open(lua_, luaopen_string, LUA_STRLIBNAME);
    open(lua_, luaopen_math, LUA_MATHLIBNAME);
    open(lua_, luaopen_bit, LUA_BITLIBNAME);

    // Every string carries this table, so it is changed in place.
    lua_getglobal(lua_, LUA_STRLIBNAME);
    for (const char* name : kForbiddenStrings) {
      lua_pushnil(lua_);
      lua_setfield(lua_, -2, name);
    }
    lua_pushcfunction(lua_, &find_plain);
    lua_setfield(lua_, -2, "find");
    lua_pop(lua_, 1);

    lua_newtable(lua_);
    const int environment = lua_gettop(lua_);
    for (const char* name : kBaseFunctions) {
      lua_getglobal(lua_, name);
      lua_setfield(lua_, environment, name);
    }
    lua_pushcfunction(lua_, &do_nothing);
    lua_setfield(lua_, environment, "print");
    for (const char* name : {LUA_TABLIBNAME, LUA_STRLIBNAME, LUA_MATHLIBNAME, LUA_BITLIBNAME}) {
      lua_getglobal(lua_, name);
      lua_setfield(lua_, environment, name);
    }
    lua_newtable(lua_);
    lua_setfield(lua_, environment, "shared");
    lua_newtable(lua_);
    lua_setfield(lua_, environment, "surge");

    if (luaL_loadbufferx(lua_, kLuaLibrary, std::strlen(kLuaLibrary), "=library", "t") != 0) {
      lua_error(lua_);
    }
    lua_getfield(lua_, environment, LUA_MATHLIBNAME);
    lua_getfield(lua_, environment, "surge");
    lua_call(lua_, 2, 0);

    // Programs may leave out the name of `math`.
    lua_getfield(lua_, environment, LUA_MATHLIBNAME);
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0;) {
      lua_pushvalue(lua_, -2);
      lua_insert(lua_, -2);
      lua_settable(lua_, environment);
    }
    lua_settop(lua_, environment);
  }

  static int prepare(lua_State* lua) {
    auto* self = static_cast<LuaFormula*>(lua_touserdata(lua, 1));
    lua_pushlightuserdata(lua, self);
    lua_setfield(lua, LUA_REGISTRYINDEX, kSelf);
    self->push_environment();
    const int environment = lua_gettop(lua);

    lua_sethook(lua, &count, LUA_MASKCOUNT, kHookInterval);
    // Text only: bytecode is not checked when it is run.
    if (luaL_loadbufferx(lua, self->source_.data(), self->source_.size(), "=formula", "t") != 0) {
      return lua_error(lua);
    }
    lua_pushvalue(lua, environment);
    lua_setfenv(lua, -2);
    lua_call(lua, 0, 0);

    lua_getfield(lua, environment, "process");
    luaL_checktype(lua, -1, LUA_TFUNCTION);
    lua_setfield(lua, LUA_REGISTRYINDEX, kProcess);

    lua_getfield(lua, environment, "init");
    lua_newtable(lua);
    self->set_note_fields();
    self->set_block_fields();
    if (lua_isfunction(lua, -2)) {
      lua_call(lua, 1, 1);
      luaL_checktype(lua, -1, LUA_TTABLE);
    }
    lua_setfield(lua, LUA_REGISTRYINDEX, kState);
    return 0;
  }

  static int run(lua_State* lua) {
    auto* self = static_cast<LuaFormula*>(lua_touserdata(lua, 1));
    lua_sethook(lua, &count, LUA_MASKCOUNT, kHookInterval);
    lua_getfield(lua, LUA_REGISTRYINDEX, kState);
    const int state = lua_gettop(lua);
    self->set_block_fields();
    lua_getfield(lua, LUA_REGISTRYINDEX, kProcess);
    lua_pushvalue(lua, state);
    lua_call(lua, 1, 1);

    FormulaOutput& output = *self->output_;
    if (lua_isnumber(lua, -1)) {
      lua_pushvalue(lua, -1);
      lua_pushvalue(lua, state);
    } else {
      luaL_checktype(lua, -1, LUA_TTABLE);
      lua_getfield(lua, -1, "output");
      lua_insert(lua, -2);
    }
    // The output, and above it the table with the settings.
    output.use_envelope = self->get("use_envelope", true);
    output.use_amplitude = self->get("use_amplitude", true);
    output.retrigger_amplitude = self->get("retrigger_AEG", false);
    output.retrigger_filter = self->get("retrigger_FEG", false);
    const bool clamp = self->get("clamp_output", true);
    lua_pop(lua, 1);
    if (lua_istable(lua, -1)) {
      const auto length =
          static_cast<int>(std::min<std::size_t>(lua_objlen(lua, -1), output.values.size()));
      // An array may have holes.
      output.num_values = 0;
      for (int i = 0; i < static_cast<int>(output.values.size()); ++i) {
        lua_rawgeti(lua, -1, i + 1);
        if (lua_isnumber(lua, -1) != 0) output.num_values = i + 1;
        self->read(i, clamp);
        lua_pop(lua, 1);
      }
      output.num_values = std::max(output.num_values, length);
    } else {
      luaL_checknumber(lua, -1);
      output.num_values = 1;
      self->read(0, clamp);
    }
    return 0;
  }

  // The number on top of the stack.
  void read(int index, bool clamp) {
    double value = lua_tonumber(lua_, -1);
    if (!std::isfinite(value)) value = 0.0;
    value = std::clamp(value, clamp ? -1.0 : -1e6, clamp ? 1.0 : 1e6);
    output_->values[static_cast<std::size_t>(index)] = static_cast<float>(value);
  }

  std::string source_;
  int lfo_number_;
  lua_State* lua_ = nullptr;
  lua_Alloc original_allocator_ = nullptr;
  void* original_data_ = nullptr;
  std::size_t bytes_ = 0;
  int intervals_left_ = 0;
  double seconds_ = 0.0;
  double call_start_ = 0.0;
  const FormulaInput* input_ = nullptr;
  const FormulaSurroundings* surroundings_ = nullptr;
  FormulaOutput* output_ = nullptr;
};

class LuaFormulaFactory : public FormulaFactory {
 public:
  std::unique_ptr<Formula> make(std::string_view source, int lfo_number) const override {
    return std::make_unique<LuaFormula>(source, lfo_number);
  }
};

}  // namespace

std::unique_ptr<FormulaFactory> lua_formulas() { return std::make_unique<LuaFormulaFactory>(); }

}  // namespace synthrl::surge

#else

namespace synthrl::surge {

std::unique_ptr<FormulaFactory> lua_formulas() { return nullptr; }

}  // namespace synthrl::surge

#endif

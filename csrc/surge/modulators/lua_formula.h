// Formulas in Lua, run by LuaJIT if the engine was built with it.
#pragma once

#include <memory>

#include "surge/modulators/formula.h"

namespace synthrl::surge {

// Null without LuaJIT (CMake option SYNTHRL_LUAJIT).
//
// Programs run interpreted, each in a state of its own: no files, processes, packages, debugging,
// bytecode or pattern matching, at most 1 MiB, a bounded number of instructions per call, and a few
// seconds of processor time per note, after which they fail. Within these limits what they do
// depends on their source and input alone.
std::unique_ptr<FormulaFactory> lua_formulas();

}  // namespace synthrl::surge

// Which of the processor's vector instructions the renderer uses.
#pragma once

namespace synthrl::dx7 {

// All of them give the same bytes; they differ in speed alone.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Whether this build has code for it and this processor runs it.
bool is_supported(InstructionSet instruction_set);

// The widest one supported.
InstructionSet best_instruction_set();

}  // namespace synthrl::dx7

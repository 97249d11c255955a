#include "dx7/instruction_set.h"

namespace synthrl::dx7 {

bool is_supported(InstructionSet instruction_set) {
  switch (instruction_set) {
    case InstructionSet::kPortable:
      return true;
#if defined(SYNTHRL_X86_KERNELS)
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") != 0;
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#else
    case InstructionSet::kAvx2:
    case InstructionSet::kAvx512:
      break;
#endif
  }
  return false;
}

InstructionSet best_instruction_set() {
  if (is_supported(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
  if (is_supported(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
  return InstructionSet::kPortable;
}

}  // namespace synthrl::dx7

#include "dx7/kernels.h"

namespace synthrl::dx7 {

const Kernels& kernels_for(InstructionSet instruction_set, Engine engine) {
#if defined(SYNTHRL_X86_KERNELS)
  if (instruction_set == InstructionSet::kAvx512) return avx512_kernels(engine);
  if (instruction_set == InstructionSet::kAvx2) return avx2_kernels(engine);
#else
  static_cast<void>(instruction_set);
#endif
  return portable_kernels(engine);
}

}  // namespace synthrl::dx7

// The kernels for x86-64 processors with AVX-512 (F, BW, DQ, VL).
#include "dx7/kernels_impl.h"

namespace synthrl::dx7 {

const Kernels& avx512_kernels(Engine engine) { return kEngineKernels[static_cast<int>(engine)]; }

}  // namespace synthrl::dx7

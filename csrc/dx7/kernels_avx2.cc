// The kernels for x86-64 processors with AVX2.
#include "dx7/kernels_impl.h"

namespace synthrl::dx7 {

const Kernels& avx2_kernels(Engine engine) { return kEngineKernels[static_cast<int>(engine)]; }

}  // namespace synthrl::dx7

# cauchy_onednn: oneDNN, if it is installed. For the build, and for projects that use an installed Cauchy.

# Debian's package configuration of oneDNN asks for OpenCL, which the CPU engine does not need: find the parts directly.
# Debian's oneDNN runs on GNU's OpenMP library, whose thread count we must be able to set.
if(NOT TARGET cauchy_onednn)
  find_path(CAUCHY_DNNL_INCLUDE dnnl.hpp)
  find_library(CAUCHY_DNNL_LIBRARY dnnl)
  file(GLOB cauchy_gcc_folders /usr/lib/gcc/${CMAKE_LIBRARY_ARCHITECTURE}/*)
  find_library(CAUCHY_GOMP_LIBRARY gomp HINTS ${cauchy_gcc_folders})
  if(CAUCHY_DNNL_INCLUDE AND CAUCHY_DNNL_LIBRARY AND CAUCHY_GOMP_LIBRARY)
    add_library(cauchy_onednn INTERFACE IMPORTED)
    target_include_directories(cauchy_onednn INTERFACE ${CAUCHY_DNNL_INCLUDE})
    target_link_libraries(cauchy_onednn INTERFACE ${CAUCHY_DNNL_LIBRARY} ${CAUCHY_GOMP_LIBRARY})
  endif()
endif()

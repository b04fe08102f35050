// libcudadevrt.a exists because builds name it; there is no device code that would need linking.
extern int anywarp_cudadevrt;

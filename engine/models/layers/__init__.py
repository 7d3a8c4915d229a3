"""Which layers are networks made of? Convolutional U-Nets and autoencoders, sized by what a file holds."""
